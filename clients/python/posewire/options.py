"""Settings of a stream as keyword arguments, and their message."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum
from typing import TypedDict

from posewire.v1 import keypoint_service_pb2 as service_pb2


class Order(IntEnum):
    """Order of the outcomes: as the frames were sent, or each as soon as it is known."""

    AS_SENT = service_pb2.ORDER_AS_SENT
    AS_DONE = service_pb2.ORDER_AS_DONE


class OverflowPolicy(IntEnum):
    """Treatment of a frame without room: BLOCK for files, DROP_OLDEST for cameras."""

    BLOCK = service_pb2.OVERFLOW_POLICY_BLOCK
    DROP_OLDEST = service_pb2.OVERFLOW_POLICY_DROP_OLDEST
    REJECT_NEW = service_pb2.OVERFLOW_POLICY_REJECT_NEW


class Priority(IntEnum):
    """Order between streams: frames of a higher priority go first."""

    LOW = service_pb2.PRIORITY_LOW
    NORMAL = service_pb2.PRIORITY_NORMAL
    HIGH = service_pb2.PRIORITY_HIGH


@dataclass(frozen=True, slots=True)
class TrackingOptions:
    """Options of tracking: instances keep their id over frames.

    Attributes:
        max_gap_s: How long an instance may be out of sight and keep its id; None: the server's
            choice, 1 second. Range (0, 60].
        fill_gap_s: How long what was not found is filled in where it was expected, see
            ``Poses.interpolated``; None: not at all. Range (0, 1].
    """

    max_gap_s: float | None = None
    fill_gap_s: float | None = None


@dataclass(frozen=True, slots=True)
class SmoothingOptions:
    """Options of smoothing keypoints over frames with the One-Euro filter.

    Attributes:
        min_cutoff_hz: Cut-off frequency at rest; lower is smoother; None: the server's choice.
        speed_coefficient: How much it rises, in Hz for a speed of one body size a second; higher
            lags less; None: the server's choice.
    """

    min_cutoff_hz: float | None = None
    speed_coefficient: float | None = None


class ImageOptions(TypedDict, total=False):
    """Options of one detection; each may be left out.

    Attributes:
        mode: One of ``Model.modes``; default: the first.
        minimum_score: Poses with a lower score are left out. Range [0, 1].
        max_poses: Most poses in an answer, best first; 0: all.
        read_mask: Fields of the result wanted, for instance ``["poses"]``; default: all.
        priority: Frames of a higher one go first; default: NORMAL.
    """

    mode: str
    minimum_score: float
    max_poses: int
    read_mask: Sequence[str]
    priority: Priority


class StreamOptions(ImageOptions, total=False):
    """Options of a stream; each may be left out.

    Attributes:
        order: Default: as sent.
        max_in_flight: Frames accepted and not yet answered; default: the server's choice.
        overflow_policy: What happens to a frame if so many are unanswered; default: BLOCK.
        max_frame_age_s: A frame that waited this long at the server is dropped; default: none is.
        heartbeat_interval_s: Longest time without a message of the server; after three of these the
            client takes the connection for broken; default: no limit.
        paced: For live sources: whether the client keeps the newest frame and sends it only when
            the server has use for it. The others, which it leaves out, come as ``Dropped`` with
            reason ``NOT_SENT``. Each frame must have pixels of its own. Default: no.
        tracking: Whether the server follows each instance from frame to frame, or how; default:
            no.
        smoothing: Whether the server smooths the keypoints over the frames, or how; needs
            tracking; default: no.
    """

    order: Order
    max_in_flight: int
    overflow_policy: OverflowPolicy
    max_frame_age_s: float
    heartbeat_interval_s: float
    paced: bool
    tracking: bool | TrackingOptions
    smoothing: bool | SmoothingOptions


def stream_config(model: str, options: StreamOptions) -> service_pb2.StreamConfig:
    """Returns the message of a stream's settings.

    Raises:
        TypeError: There is no such option.
    """
    _reject_unknown(options, StreamOptions)
    config = service_pb2.StreamConfig(
        model=model,
        mode=options.get("mode", ""),
        order=options.get("order", Order.AS_SENT).value,
        overflow_policy=options.get("overflow_policy", OverflowPolicy.BLOCK).value,
        max_in_flight=options.get("max_in_flight", 0),
        priority=options.get("priority", Priority.NORMAL).value,
        minimum_score=options.get("minimum_score", 0.0),
        max_poses=options.get("max_poses", 0),
    )
    if "max_frame_age_s" in options:
        config.max_frame_age.FromTimedelta(timedelta(seconds=options["max_frame_age_s"]))
    if "heartbeat_interval_s" in options:
        config.heartbeat_interval.FromTimedelta(timedelta(seconds=options["heartbeat_interval_s"]))
    _write_tracking(config, options)
    if "read_mask" in options:
        config.read_mask.paths.extend(options["read_mask"])
    return config


def _write_tracking(config: service_pb2.StreamConfig, options: StreamOptions) -> None:
    tracking, smoothing = options.get("tracking"), options.get("smoothing")
    if tracking:
        config.tracking.SetInParent()
    if isinstance(tracking, TrackingOptions):
        if tracking.max_gap_s is not None:
            config.tracking.max_gap.FromTimedelta(timedelta(seconds=tracking.max_gap_s))
        if tracking.fill_gap_s is not None:
            config.tracking.fill_gap.FromTimedelta(timedelta(seconds=tracking.fill_gap_s))
    if smoothing:
        config.smoothing.SetInParent()
    if isinstance(smoothing, SmoothingOptions):
        config.smoothing.min_cutoff_hz = smoothing.min_cutoff_hz or 0.0
        if smoothing.speed_coefficient is not None:
            config.smoothing.speed_coefficient = smoothing.speed_coefficient


def image_request(model: str, options: ImageOptions) -> service_pb2.DetectImageRequest:
    """Returns the request of one detection, without its frame.

    Raises:
        TypeError: There is no such option.
    """
    _reject_unknown(options, ImageOptions)
    request = service_pb2.DetectImageRequest(
        model=model,
        mode=options.get("mode", ""),
        minimum_score=options.get("minimum_score", 0.0),
        max_poses=options.get("max_poses", 0),
        priority=options.get("priority", Priority.NORMAL).value,
    )
    if "read_mask" in options:
        request.read_mask.paths.extend(options["read_mask"])
    return request


def _reject_unknown(options: ImageOptions, known: type) -> None:
    unknown = sorted(set(options) - set(known.__annotations__))
    if unknown:
        known_names = ", ".join(sorted(known.__annotations__))
        raise TypeError(f"no option is named {unknown[0]!r}; there are: {known_names}")
