"""Configs of streams and calls: checked, with defaults and limits applied."""

import math
from dataclasses import dataclass

from google.protobuf import duration_pb2, field_mask_pb2
from posewire.v1 import keypoint_service_pb2 as pb

from posewire_server.errors import ErrorReason, PosewireError, StreamError
from posewire_server.frame import Priority
from posewire_server.inference.tracking.tracking_settings import (
    LONGEST_FILL_S,
    LONGEST_GAP_S,
    SmoothingSettings,
    TrackingSettings,
)
from posewire_server.serving.streams.stream_settings import OverflowPolicy, StreamSettings

_POLICIES = {
    pb.OVERFLOW_POLICY_UNSPECIFIED: OverflowPolicy.BLOCK,
    pb.OVERFLOW_POLICY_BLOCK: OverflowPolicy.BLOCK,
    pb.OVERFLOW_POLICY_DROP_OLDEST: OverflowPolicy.DROP_OLDEST,
    pb.OVERFLOW_POLICY_REJECT_NEW: OverflowPolicy.REJECT_NEW,
}
_POLICY_NUMBERS = {policy: number for number, policy in _POLICIES.items() if number}
_PRIORITIES = {
    pb.PRIORITY_UNSPECIFIED: Priority.NORMAL,
    pb.PRIORITY_LOW: Priority.LOW,
    pb.PRIORITY_NORMAL: Priority.NORMAL,
    pb.PRIORITY_HIGH: Priority.HIGH,
}
_FIELDS = frozenset(pb.Result.DESCRIPTOR.fields_by_name)
_PRIORITY_NUMBERS = {priority: number for number, priority in _PRIORITIES.items() if number}
_DEFAULT_IN_FLIGHT = 4
_DEFAULT_IN_FLIGHT_LIVE = 2
_SHORTEST_HEARTBEAT_S = 0.1


@dataclass(frozen=True)
class AnswerSettings:
    """Settings of the answers of a stream or a call.

    Attributes:
        max_poses: Most poses in an answer, None for all.
        fields: Names of the wanted fields of Result.
    """

    mode: str
    minimum_score: float
    max_poses: int | None
    fields: frozenset[str]


def read_answer_settings(
    request: "pb.StreamConfig | pb.DetectImageRequest",
) -> AnswerSettings:
    """Checks the settings that streams and single calls share.

    Raises:
        StreamError: CONFIG_INVALID.
    """
    if not 0 <= request.minimum_score <= 1:
        raise config_invalid(
            "minimum_score", f"is {request.minimum_score}; give a number from 0 to 1"
        )
    return AnswerSettings(
        mode=request.mode,
        minimum_score=request.minimum_score,
        max_poses=request.max_poses or None,
        fields=_read_mask(request.read_mask) if request.HasField("read_mask") else _FIELDS,
    )


def read_stream_settings(config: pb.StreamConfig, most_in_flight: int) -> StreamSettings:
    """Checks a stream's config and fills in its defaults.

    Raises:
        StreamError: CONFIG_INVALID.
    """
    policy = _POLICIES.get(config.overflow_policy)
    if policy is None:
        raise config_invalid("overflow_policy", f"has no value {config.overflow_policy}")
    if config.order not in pb.Order.values():
        raise config_invalid("order", f"has no value {config.order}")
    live = policy is OverflowPolicy.DROP_OLDEST
    default = _DEFAULT_IN_FLIGHT_LIVE if live else _DEFAULT_IN_FLIGHT
    return StreamSettings(
        max_in_flight=min(config.max_in_flight or default, most_in_flight),
        overflow_policy=policy,
        is_tracking=config.HasField("tracking"),
        in_order=config.order != pb.ORDER_AS_DONE,
        max_frame_age_s=_positive_s(config, "max_frame_age", 0.0) or float("inf"),
        heartbeat_interval_s=_positive_s(config, "heartbeat_interval", _SHORTEST_HEARTBEAT_S),
        priority=read_priority(config),
    )


def read_priority(request: "pb.StreamConfig | pb.DetectImageRequest") -> Priority:
    """Returns the priority of a stream or a call.

    Raises:
        StreamError: CONFIG_INVALID.
    """
    priority = _PRIORITIES.get(request.priority)
    if priority is None:
        raise config_invalid("priority", f"has no value {request.priority}")
    return priority


def settings_in_force(config: pb.StreamConfig, settings: StreamSettings) -> pb.StreamConfig:
    """Returns the config with every default filled in and every limit applied."""
    in_force = pb.StreamConfig()
    in_force.CopyFrom(config)
    in_force.order = pb.ORDER_AS_SENT if settings.in_order else pb.ORDER_AS_DONE
    in_force.max_in_flight = settings.max_in_flight
    in_force.overflow_policy = _POLICY_NUMBERS[settings.overflow_policy]
    in_force.priority = _PRIORITY_NUMBERS[settings.priority]
    return in_force


def _positive_s(config: pb.StreamConfig, field: str, least_s: float) -> float | None:
    if not config.HasField(field):
        return None
    seconds = to_seconds(getattr(config, field))
    if seconds <= 0 or seconds < least_s:
        bound = f"at least {least_s} s" if least_s else "more than 0 s"
        raise config_invalid(field, f"is {seconds} s; give {bound} or leave it unset")
    return seconds


def _read_mask(mask: field_mask_pb2.FieldMask) -> frozenset[str]:
    unknown = sorted(set(mask.paths) - _FIELDS)
    if unknown:
        known = ", ".join(sorted(_FIELDS))
        raise config_invalid("read_mask", f"names {unknown[0]!r}; a Result has {known}")
    return frozenset(mask.paths) | {"sequence_id"}


def config_invalid(field: str, problem: str) -> PosewireError:
    """Returns CONFIG_INVALID of a field."""
    return StreamError(ErrorReason.CONFIG_INVALID, f"{field} {problem}", field=field)


def read_tracking(config: pb.StreamConfig) -> TrackingSettings | None:
    """Returns the tracking of a stream; None: it has none.

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


def to_seconds(duration: duration_pb2.Duration) -> float:
    """Returns a duration as seconds."""
    return duration.seconds + duration.nanos * 1e-9


def to_duration(seconds: float) -> duration_pb2.Duration:
    """Returns seconds as a duration."""
    message = duration_pb2.Duration()
    write_duration(seconds, message)
    return message


def write_duration(seconds: float, message: duration_pb2.Duration) -> None:
    """Writes seconds into a duration."""
    message.seconds, message.nanos = divmod(round(seconds * 1e9), 10**9)
