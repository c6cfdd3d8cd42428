"""Options of the commands that follow instances over the frames of a video."""

import argparse

from posewire_server.cli.numbers import seconds_up_to
from posewire_server.cli.options import Options
from posewire_server.inference.tracking.tracking_settings import (
    LONGEST_FILL_S,
    LONGEST_GAP_S,
    SmoothingSettings,
    TrackingSettings,
)


def add_tracking(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of tracking."""
    group = parser.add_argument_group("tracking")
    tracking = "follow each instance from frame to frame: it keeps its id"
    group.add_argument("--tracking", action="store_true", help=tracking)
    group.add_argument(
        "--max-gap",
        type=seconds_up_to(LONGEST_GAP_S),
        metavar="SECONDS",
        help="how long one may be out of sight and keep its id (default: 1); turns tracking on",
    )
    group.add_argument(
        "--fill-gap",
        type=seconds_up_to(LONGEST_FILL_S),
        metavar="SECONDS",
        help="fill in what is not found for so long; turns tracking on",
    )
    smoothing = "smooth the keypoints over the frames; turns tracking on"
    group.add_argument("--smoothing", action="store_true", help=smoothing)


def read_tracking(options: Options) -> TrackingSettings | None:
    """Returns how to follow instances; None: not at all."""
    if not (options.tracking or options.max_gap or options.fill_gap or options.smoothing):
        return None
    return TrackingSettings(
        options.max_gap or TrackingSettings.max_gap_s,
        options.fill_gap or TrackingSettings.fill_gap_s,
        SmoothingSettings() if options.smoothing else None,
    )
