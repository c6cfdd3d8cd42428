"""``posewire-server video FILE``: the poses of a video, a camera or a network stream."""

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from tqdm import tqdm

from posewire_server.errors import ConfigError, LocalReason
from posewire_server.skeletons import Skeleton
from posewire_server.tools.media.annotator import open_annotator
from posewire_server.tools.media.detector import Consumer, DetectorConfig, run_detector
from posewire_server.tools.media.frame_statistics import FrameStatistics, noun_of
from posewire_server.tools.media.json_record import frame_record
from posewire_server.tools.media.open_detector import open_detector
from posewire_server.tools.media.open_source import open_source
from posewire_server.tools.media.source import DetectedFrame, Source
from posewire_server.tools.media.terminal import ProgressBars
from posewire_server.tools.media.video_source import PacketSource


@dataclass(frozen=True)
class VideoConfig:
    """Settings of ``video``.

    Attributes:
        output: Annotated video (a folder for images).
        json_lines: File for one JSON object a frame; ``-``: standard output.
        packets: Compressed packets are sent, which the detector decodes.
    """

    source: str
    detector: DetectorConfig = field(default_factory=DetectorConfig)
    output: Path | None = None
    json_lines: Path | None = None
    packets: bool = False


def run(config: VideoConfig) -> int:
    """Detects in every frame until the source ends or Ctrl-C; returns 1 if a frame failed."""
    source = PacketSource(config.source) if config.packets else open_source(config.source)
    with ExitStack() as stack:
        progress = stack.enter_context(ProgressBars())
        detector = stack.enter_context(open_detector(config.detector, progress))
        statistics = FrameStatistics(noun_of(detector.skeleton))
        outputs = list(_open_outputs(config, source, detector.skeleton, stack))
        bar = stack.enter_context(tqdm(total=source.frame_count, unit="frame", desc=source.name))
        elapsed_s = run_detector(
            detector, source, [statistics.add, *outputs, lambda _: bar.update()]
        )
    print(statistics.summary(elapsed_s), *statistics.failures(), sep="\n", file=sys.stderr)
    print(statistics.stage_table(), file=sys.stderr)
    if config.output is not None:
        print(f"written: {config.output}", file=sys.stderr)
    return int(statistics.has_failures)


def _open_outputs(
    config: VideoConfig, source: Source, skeleton: Skeleton, stack: ExitStack
) -> Iterator[Consumer]:
    if config.output is not None:
        yield stack.enter_context(open_annotator(config.output, source, skeleton)).write
    if config.json_lines is not None:
        file = _open_lines(config.json_lines, stack)

        def write_line(detected: DetectedFrame) -> None:
            print(json.dumps(frame_record(detected, skeleton)), file=file)

        yield write_line


def _open_lines(path: Path, stack: ExitStack) -> TextIO:
    if path == Path("-"):
        return sys.stdout
    try:
        return stack.enter_context(path.open("w"))
    except OSError as error:
        text = f"{str(path)!r} cannot be written; choose another place with --json-lines"
        raise ConfigError(LocalReason.OUTPUT_UNWRITABLE, text) from error
