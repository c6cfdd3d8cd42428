"""``posewire-server detect IMAGE...``: the poses of pictures."""

import json
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from posewire_server.tools.media.annotator import open_annotator
from posewire_server.tools.media.detector import Consumer, DetectorConfig, run_detector
from posewire_server.tools.media.frame_statistics import FrameStatistics, noun_of
from posewire_server.tools.media.json_record import frame_record
from posewire_server.tools.media.open_detector import open_detector
from posewire_server.tools.media.open_source import open_images
from posewire_server.tools.media.source import DetectedFrame
from posewire_server.tools.media.terminal import ProgressBars, format_table

_HEADER = ("image", "size", "{noun}", "best score", "keypoints", "milliseconds")


@dataclass(frozen=True)
class DetectConfig:
    """Settings of ``detect``.

    Attributes:
        json: One JSON object a picture instead of the table.
        output: Folder for annotated pictures, or an image file for one picture.
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
        statistics = FrameStatistics(noun)
        consumers: list[Consumer] = [statistics.add, _print_problem]
        if config.output is not None:
            annotator = open_annotator(config.output, source, detector.skeleton)
            consumers.append(stack.enter_context(annotator).write)
        if config.json:
            consumers.append(
                lambda frame: print(json.dumps(frame_record(frame, detector.skeleton)))
            )
        else:
            consumers.append(lambda frame: rows.append(_row(frame)))
        run_detector(detector, source, consumers)
    if not config.json:
        print(format_table([name.format(noun=noun) for name in _HEADER], rows))
    return int(statistics.has_failures)


def _print_problem(detected: DetectedFrame) -> None:
    if detected.problem:
        print(f"{detected.frame.name}: {detected.message or detected.problem}", file=sys.stderr)


def _row(detected: DetectedFrame) -> list[str]:
    found = detected.detection
    if found is None:
        return [detected.frame.name, detected.reason, *"----"]
    poses = found.poses
    width, height = found.size_image
    return [
        detected.frame.name,
        f"{width}x{height}",
        str(len(poses)),
        f"{poses.scores.max():.3f}" if len(poses) else "-",
        str(poses.found.sum()),
        f"{detected.round_trip_s * 1e3:.1f}",
    ]
