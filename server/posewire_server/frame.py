"""One picture on its way through the server, as plain data."""

from dataclasses import dataclass
from enum import Enum, IntEnum


class PixelFormat(Enum):
    """Layout of raw pixels, 8 bits a channel."""

    BGR = "bgr"
    RGB = "rgb"
    GRAY = "gray"
    NV12 = "nv12"
    I420 = "i420"


@dataclass(frozen=True)
class EncodedImage:
    """A JPEG, PNG or WebP file."""

    data: bytes


@dataclass(frozen=True)
class RawImage:
    """Pixels as they lie in memory; ``stride`` is in bytes, 0 for rows without padding."""

    format: PixelFormat
    width: int
    height: int
    stride: int
    pixels: bytes | memoryview


@dataclass(frozen=True)
class SharedMemoryImage:
    """Pixels in a POSIX shared memory object; ``layout`` has none of its own."""

    name: str
    offset: int
    length: int
    layout: RawImage


class VideoCodec(Enum):
    """Compression of a video packet; the values are FFmpeg's names."""

    H264 = "h264"
    HEVC = "hevc"


@dataclass(frozen=True)
class VideoPacket:
    """One access unit in Annex B form.

    Attributes:
        codec: Its compression.
        key_frame: Whether its sender says that decoding can begin with it.
        presentation_ns: When it is shown, counted from the start of the video.
        data: The access unit.
        number: Rises from packet to packet of a stream, in decoding order.
    """

    codec: VideoCodec
    key_frame: bool
    presentation_ns: int | None
    data: bytes
    number: int = 0


Source = EncodedImage | RawImage | SharedMemoryImage | VideoPacket


class Priority(IntEnum):
    """Whose frames are worked on first."""

    LOW = 1
    NORMAL = 2
    HIGH = 3


@dataclass(frozen=True)
class Region:
    """A part of the frame, in pixels of the frame."""

    x_min: float
    y_min: float
    x_max: float
    y_max: float


@dataclass(frozen=True)
class Frame:
    """One picture and what its sender wants of it.

    Attributes:
        sequence_id: The sender's number for it.
        source: The picture.
        capture_time_ns: Nanoseconds since the Unix epoch, or None. The clock of tracking.
        deadline_s: Seconds after arrival in which the answer is of use, or None.
        region: The part to look at, or None for all of it.
        boxes: Where instances are known to be; empty: the model finds them itself.
    """

    sequence_id: int
    source: Source
    capture_time_ns: int | None = None
    deadline_s: float | None = None
    region: Region | None = None
    boxes: tuple[Region, ...] = ()
