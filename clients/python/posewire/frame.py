"""Frames: what a caller may send, and how it becomes a message."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from posewire.v1 import frame_pb2, keypoint_service_pb2, pose_pb2
from posewire.wire import RawRequest, Request

_LARGE_BYTES = 100_000

Box: TypeAlias = tuple[float, float, float, float]

Source: TypeAlias = (
    bytes
    | npt.NDArray[np.uint8]
    | frame_pb2.RawImage
    | frame_pb2.SharedMemoryImage
    | frame_pb2.VideoPacket
)
"""Where the pixels of a frame come from.

``bytes`` of a JPEG, PNG or WebP file; an array of pixels, (H, W, 3) BGR or (H, W) grey, of any
strides; or a message of ``posewire.v1.frame_pb2`` for everything else (RGB, NV12, I420, ...).
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
    """Turns the frames of one stream into requests, numbering those that bring no number."""

    def __init__(self) -> None:
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
        request = _raw_request(frame) if _is_large(frame.source) else _request(frame)
        request.frame.sequence_id = self._number(frame.sequence_id)
        return request

    def _number(self, wanted: int | None) -> int:
        sequence_id = self._next_id if wanted is None else wanted
        if sequence_id < self._next_id:
            raise ValueError(
                f"sequence id {sequence_id} does not rise; at least {self._next_id} is needed"
            )
        self._next_id = sequence_id + 1
        return sequence_id


def _is_large(source: Source) -> bool:
    return (
        isinstance(source, np.ndarray)
        and source.nbytes >= _LARGE_BYTES
        and source.flags.c_contiguous
    )


def _request(frame: Frame) -> keypoint_service_pb2.DetectRequest:
    request = keypoint_service_pb2.DetectRequest()
    write_frame(frame, request.frame)
    return request


def _raw_request(frame: Frame) -> RawRequest:
    assert isinstance(frame.source, np.ndarray)
    message, layout = frame_pb2.Frame(), frame_pb2.RawImage()
    _write_wishes(frame, message)
    _write_layout(frame.source, layout)
    return RawRequest(message, layout, frame.source.data.cast("B"))


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
            _write_layout(source, message.raw_image)
            message.raw_image.pixels = source.tobytes()
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


def _write_layout(pixels: npt.NDArray[np.uint8], message: frame_pb2.RawImage) -> None:
    """Describes an array; rows are sent packed, whatever its strides, so no gap is transmitted."""
    if pixels.dtype != np.uint8:
        raise TypeError(f"the pixels of a frame are uint8, not {pixels.dtype}")
    if pixels.ndim == 3 and pixels.shape[2] == 3:
        message.format = frame_pb2.PIXEL_FORMAT_BGR
    elif pixels.ndim == 2:
        message.format = frame_pb2.PIXEL_FORMAT_GRAY
    else:
        raise ValueError(f"a frame has shape (H, W, 3) or (H, W), not {pixels.shape}")
    message.height, message.width = pixels.shape[:2]
