"""Detectors: frames in, poses out, by a pipeline in this process or by a server."""

import sys
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import posewire

from posewire_server.errors import ConfigError, LocalReason
from posewire_server.inference.engine.engine_config import EngineConfig
from posewire_server.inference.engine.self_check import check_engines
from posewire_server.inference.pipeline import Pipeline
from posewire_server.inference.tracking.tracking_settings import TrackingSettings
from posewire_server.models.catalog.catalog import find_model
from posewire_server.models.weights.model_cache import ModelCache
from posewire_server.models.weights.package_manager import Progress
from posewire_server.skeletons import Skeleton
from posewire_server.tools.media.local_detector import LocalDetector
from posewire_server.tools.media.remote_detector import RemoteDetector
from posewire_server.tools.media.source import DetectedFrame, Source


@dataclass(frozen=True)
class DetectorConfig:
    """Settings of a detector.

    Attributes:
        server: Address of a server; None: a pipeline in this process.
        model: Name or alias of the model.
        mode: One of the model's modes; empty: its default.
        minimum_score: Poses with a lower score are left out.
        tracking: Settings of tracking; None: off.
        engine: Settings of the engine in this process.
        cache: Folder of the weights for this process.
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
        """Yields each frame with its outcome; close it to stop early."""
        ...


@contextmanager
def open_detector(config: DetectorConfig, progress: Progress) -> Iterator[Detector]:
    """Connects to a server, or loads a model, which is pulled if it is missing.

    Raises:
        PosewireError: The weights are not available, no engine runs them, or there is no server.
        posewire.PosewireError: The server does not have the model.
    """
    if config.server is not None:
        with posewire.Client(config.server) as client:
            yield _ask(client, config.server, config)
        return
    stored = ModelCache(config.cache, check_engines).pull(find_model(config.model), progress)
    pipeline = Pipeline.load(stored, config.engine)
    pipeline.warm_up()
    yield LocalDetector(pipeline, config.mode, config.minimum_score, tracking=config.tracking)


def _ask(client: posewire.Client, server: str, config: DetectorConfig) -> Detector:
    asked = config.model, config.mode, config.minimum_score
    try:
        return RemoteDetector(client, *asked, tracking=config.tracking)
    except posewire.UnavailableError as error:
        if error.reason:
            raise
        text = (
            f"no server can be reached at {server}; is the address right? "
            f"`posewire-server serve --address {server}` starts one"
        )
        raise ConfigError(LocalReason.SERVER_UNREACHABLE, text) from error


Consumer = Callable[[DetectedFrame], object]


def run_detector(detector: Detector, source: Source, consumers: Iterable[Consumer]) -> float:
    """Hands each frame to every consumer, until the source ends; returns the seconds it took.

    Raises:
        KeyboardInterrupt: Ctrl-C, except for a video, which it ends.
    """
    consumers = list(consumers)
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
