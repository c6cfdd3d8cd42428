"""Options of tracking and smoothing: checked, and with defaults filled in."""

import math

from posewire.v1 import keypoint_service_pb2 as pb

from posewire_server.inference.tracking.tracking_settings import (
    LONGEST_FILL_S,
    LONGEST_GAP_S,
    SmoothingSettings,
    TrackingSettings,
)
from posewire_server.serving.rpc.result_conversion import to_duration
from posewire_server.serving.rpc.settings import config_invalid, to_seconds


def read_tracking(config: pb.StreamConfig) -> TrackingSettings | None:
    """Returns how a stream wants its instances followed; None: not at all.

    Raises:
        StreamError: CONFIG_INVALID.
    """
    if not config.HasField("tracking"):
        if config.HasField("smoothing"):
            raise config_invalid("smoothing", "needs tracking; set that too")
        return None
    tracking, default = config.tracking, TrackingSettings()
    max_gap_s, fill_gap_s = default.max_gap_s, default.fill_gap_s
    if tracking.HasField("max_gap"):
        max_gap_s = _seconds(tracking, "max_gap", LONGEST_GAP_S)
    if tracking.HasField("fill_gap"):
        fill_gap_s = _seconds(tracking, "fill_gap", LONGEST_FILL_S)
    smoothing = _read_smoothing(config.smoothing) if config.HasField("smoothing") else None
    return TrackingSettings(max_gap_s, fill_gap_s, smoothing)


def write_tracking(config: pb.StreamConfig, tracking: TrackingSettings | None) -> None:
    """Writes the values in force into a config."""
    if tracking is None:
        return
    config.tracking.max_gap.CopyFrom(to_duration(tracking.max_gap_s))
    if tracking.fill_gap_s:
        config.tracking.fill_gap.CopyFrom(to_duration(tracking.fill_gap_s))
    if tracking.smoothing is not None:
        config.smoothing.min_cutoff_hz = tracking.smoothing.min_cutoff_hz
        config.smoothing.speed_coefficient = tracking.smoothing.speed_coefficient


def _seconds(tracking: pb.TrackingOptions, field: str, most_s: float) -> float:
    seconds = to_seconds(getattr(tracking, field))
    if not 0 < seconds <= most_s:
        problem = f"is {seconds} s; give more than 0 and at most {most_s:g} s, or leave it unset"
        raise config_invalid(f"tracking.{field}", problem)
    return seconds


def _read_smoothing(options: pb.SmoothingOptions) -> SmoothingSettings:
    default = SmoothingSettings()
    cutoff_hz = options.min_cutoff_hz or default.min_cutoff_hz
    coefficient = default.speed_coefficient
    if options.HasField("speed_coefficient"):
        coefficient = options.speed_coefficient
    if not (cutoff_hz > 0 and math.isfinite(cutoff_hz)):
        problem = f"is {cutoff_hz} Hz; give a positive number, or 0 for the server's choice"
        raise config_invalid("smoothing.min_cutoff_hz", problem)
    if not (coefficient >= 0 and math.isfinite(coefficient)):
        raise config_invalid("smoothing.speed_coefficient", f"is {coefficient}; give at least 0")
    return SmoothingSettings(cutoff_hz, coefficient)
