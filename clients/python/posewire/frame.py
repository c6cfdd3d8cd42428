"""Frames: what a caller may send, and how it becomes a message."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from posewire.pixels import PixelFormat, RawPixels
from posewire.shared_memory import SharedFrames, SharedRequest
from posewire.v1 import frame_pb2, keypoint_service_pb2, pose_pb2
from posewire.wire import RawRequest, Request

_LARGE_BYTES = 100_000

Box: TypeAlias = tuple[float, float, float, float]

Source: TypeAlias = (
    bytes
    | npt.NDArray[np.uint8]
    | RawPixels
    | frame_pb2.RawImage
    | frame_pb2.SharedMemoryImage
    | frame_pb2.VideoPacket
)
"""Sources of the pixels of a frame.

``bytes`` of a JPEG, PNG or WebP file; an array of pixels, (H, W, 3) BGR or (H, W) grey, of any
strides; ``RawPixels`` of other formats (RGB, NV12, I420); or a message of
``posewire.v1.frame_pb2``.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture with what the server should know about it.

    Attributes:
        source: Where the pixels come from.
        sequence_id: Must rise strictly within a stream; None: one more than the frame before.
        capture_time: When the picture was taken, with a time zone; comes back in the result.
        deadline_s: How long after its arrival the answer is still of use.
        region: (x_min, y_min, x_max, y_max) in pixels of the frame; detection is confined to it.
        boxes: Where instances are known to be, each as ``region``, in place of a detector.
    """

    source: Source
    sequence_id: int | None = None
    capture_time: datetime | None = None
    deadline_s: float | None = None
    region: Box | None = None
    boxes: Sequence[Box] = ()


FrameLike: TypeAlias = Frame | Source


class FrameEncoder:
    """Turns the frames of one stream into requests, numbering those that bring no number.

    Args:
        shared: Carries large pictures to the server; None: they go with their requests.
    """

    def __init__(self, shared: SharedFrames | None = None) -> None:
        self._shared = shared
        self._next_id = 0

    def encode(self, frame: FrameLike) -> Request:
        """Returns the request that carries a frame.

        The pixels of a large array are not copied yet: it must not change before the next frame is
        asked for.

        Raises:
            TypeError: The source is of no known type.
            ValueError: The source has an unknown shape, or the sequence id does not rise.
        """
        frame = frame if isinstance(frame, Frame) else Frame(frame)
        pixels = _large_pixels(frame.source)
        request = _request(frame) if pixels is None else self._raw_request(frame, pixels)
        request.frame.sequence_id = self._number(frame.sequence_id)
        return request

    def _raw_request(self, frame: Frame, pixels: RawPixels) -> RawRequest:
        message, data = frame_pb2.Frame(), memoryview(pixels.data)
        _write_wishes(frame, message)
        if self._shared is None:
            return RawRequest(message, pixels.layout, data)
        return SharedRequest(message, pixels.layout, data, shared=self._shared)

    def _number(self, wanted: int | None) -> int:
        sequence_id = self._next_id if wanted is None else wanted
        if sequence_id < self._next_id:
            raise ValueError(
                f"sequence id {sequence_id} does not rise; at least {self._next_id} is needed"
            )
        self._next_id = sequence_id + 1
        return sequence_id


def _large_pixels(source: Source) -> RawPixels | None:
    """Returns what is worth more than a copy into a message; None: it is small."""
    if isinstance(source, np.ndarray) and source.flags.c_contiguous:
        source = _of_array(source)
    is_large = isinstance(source, RawPixels) and len(source.data) >= _LARGE_BYTES
    return source if is_large else None  # type: ignore[return-value]


def _request(frame: Frame) -> keypoint_service_pb2.DetectRequest:
    request = keypoint_service_pb2.DetectRequest()
    write_frame(frame, request.frame)
    return request


def write_frame(frame: Frame, message: frame_pb2.Frame) -> None:
    """Writes everything of a frame but its sequence id into a message."""
    _write_source(frame.source, message)
    _write_wishes(frame, message)


def _write_wishes(frame: Frame, message: frame_pb2.Frame) -> None:
    if frame.capture_time is not None:
        if frame.capture_time.tzinfo is None:
            raise ValueError("capture_time has no time zone; use datetime.now(timezone.utc)")
        message.capture_time.FromDatetime(frame.capture_time)
    if frame.deadline_s is not None:
        message.deadline.FromTimedelta(timedelta(seconds=frame.deadline_s))
    if frame.region is not None:
        message.region.CopyFrom(_box(frame.region))
    message.boxes.extend(_box(box) for box in frame.boxes)


def _box(box: Box) -> pose_pb2.BoundingBox:
    x_min, y_min, x_max, y_max = box
    return pose_pb2.BoundingBox(x_min=x_min, y_min=y_min, x_max=x_max, y_max=y_max)


def _write_source(source: Source, message: frame_pb2.Frame) -> None:
    match source:
        case bytes():
            message.encoded_image = source
        case np.ndarray():
            _write_source(_of_array(source), message)
        case RawPixels():
            message.raw_image.CopyFrom(source.layout)
            message.raw_image.pixels = bytes(source.data)
        case frame_pb2.RawImage():
            message.raw_image.CopyFrom(source)
        case frame_pb2.SharedMemoryImage():
            message.shared_memory.CopyFrom(source)
        case frame_pb2.VideoPacket():
            message.video_packet.CopyFrom(source)
        case _:
            raise TypeError(
                f"a frame is bytes of an image file, a uint8 array or a posewire.Frame, "
                f"not {type(source).__name__}"
            )


def _of_array(pixels: npt.NDArray[np.uint8]) -> RawPixels:
    """Takes an array as BGR or grey; rows are sent packed, so that no gap is transmitted."""
    if pixels.ndim == 3 and pixels.shape[2] == 3:
        return RawPixels.from_array(pixels, PixelFormat.BGR)
    if pixels.ndim == 2 or pixels.dtype != np.uint8:
        return RawPixels.from_array(pixels, PixelFormat.GRAY)
    raise ValueError(f"a frame has shape (H, W, 3) or (H, W), not {pixels.shape}")
