"""``posewire-server detect IMAGE...``: the poses of pictures."""

import json
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from posewire_server.tools.media.annotator import open_annotator
from posewire_server.tools.media.detector import (
    Consumer,
    DetectorConfig,
    open_detector,
    run_detector,
)
from posewire_server.tools.media.frame_statistics import FrameStatistics, noun_of
from posewire_server.tools.media.json_record import frame_record
from posewire_server.tools.media.open_source import open_images
from posewire_server.tools.media.source import DetectedFrame
from posewire_server.tools.media.terminal import ProgressBars, format_table

_HEADER = ("image", "size", "{noun}", "best score", "keypoints", "milliseconds")


@dataclass(frozen=True)
class DetectConfig:
    """Settings of ``detect``.

    Attributes:
        images: Image files or folders of them.
        detector: Settings of the detector.
        json: Whether to print one JSON object a picture instead of the table.
        output: Folder for annotated pictures, or an image file for one picture; None: none.
    """

    images: tuple[str, ...]
    detector: DetectorConfig = field(default_factory=DetectorConfig)
    json: bool = False
    output: Path | None = None


def run(config: DetectConfig) -> int:
    """Prints the poses of every picture; returns 1 if one failed."""
    source = open_images(config.images)
    rows: list[list[str]] = []
    with ExitStack() as stack:
        progress = stack.enter_context(ProgressBars())
        detector = stack.enter_context(open_detector(config.detector, progress))
        noun = noun_of(detector.skeleton)
        tally = FrameStatistics(noun)
        consumers: list[Consumer] = [tally.add, _complain]
        if config.output is not None:
            annotator = open_annotator(config.output, source, detector.skeleton)
            consumers.append(stack.enter_context(annotator).write)
        if config.json:
            consumers.append(lambda a: print(json.dumps(frame_record(a, detector.skeleton))))
        else:
            consumers.append(lambda a: rows.append(_row(a)))
        run_detector(detector, source, consumers)
    if not config.json:
        print(format_table([name.format(noun=noun) for name in _HEADER], rows))
    return int(tally.has_failures)


def _complain(answer: DetectedFrame) -> None:
    if answer.problem:
        print(f"{answer.frame.name}: {answer.message or answer.problem}", file=sys.stderr)


def _row(answer: DetectedFrame) -> list[str]:
    found = answer.detection
    if found is None:
        return [answer.frame.name, answer.reason, *"----"]
    poses = found.poses
    width, height = found.size_image
    return [
        answer.frame.name,
        f"{width}x{height}",
        str(len(poses)),
        f"{poses.scores.max():.3f}" if len(poses) else "-",
        str(poses.found.sum()),
        f"{answer.round_trip_s * 1e3:.1f}",
    ]
