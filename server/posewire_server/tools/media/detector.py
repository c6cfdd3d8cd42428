"""Detectors: frames in, poses out, by a pipeline in this process or by a server."""

import sys
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from posewire_server.inference.engine.engine_config import EngineConfig
from posewire_server.inference.tracking.tracking_settings import TrackingSettings
from posewire_server.skeletons import Skeleton
from posewire_server.tools.media.source import DetectedFrame, Source


@dataclass(frozen=True)
class DetectorConfig:
    """Settings of a detector.

    Attributes:
        server: Address; None: a pipeline in this process, with ``engine`` and ``cache``.
        model: Name or alias.
        mode: Empty: the model's default.
        minimum_score: Poses with a lower score are left out.
        tracking: None: off.
    """

    server: str | None = None
    model: str = "body"
    mode: str = ""
    minimum_score: float = 0.0
    tracking: TrackingSettings | None = None
    engine: EngineConfig = field(default_factory=EngineConfig)
    cache: Path = Path()


class Detector(Protocol):
    """Finds the poses of every frame of a source, exactly once."""

    @property
    def skeleton(self) -> Skeleton:
        """Skeleton of the poses."""
        ...

    def detect(self, source: Source) -> Generator[DetectedFrame]:
        """Yields each frame with its outcome; close it to stop early.

        If the detector is slower than a live source, frames are dropped; other sources wait.
        """
        ...


Consumer = Callable[[DetectedFrame], object]


def run_detector(detector: Detector, source: Source, consumers: Sequence[Consumer]) -> float:
    """Hands each frame to every consumer, until the source ends; returns the seconds it took.

    Raises:
        KeyboardInterrupt: Ctrl-C, except for a video, which it ends.
    """
    begin_s = time.perf_counter()
    with closing(detector.detect(source)) as frames:
        try:
            for detected in frames:
                for consume in consumers:
                    consume(detected)
        except KeyboardInterrupt:
            if not source.is_video:
                raise
            sys.stderr.write("\nstopped\n")
    return time.perf_counter() - begin_s
