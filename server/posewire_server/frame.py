"""A frame and its source, as plain data."""

from dataclasses import dataclass
from enum import Enum, IntEnum

# Default limit of width * height of a picture.
MAX_PIXELS = 40_000_000


class PixelFormat(Enum):
    """Layout of raw pixels, 8 bits a channel."""

    BGR = "bgr"
    RGB = "rgb"
    GRAY = "gray"
    NV12 = "nv12"
    I420 = "i420"


class ColorMatrix(Enum):
    """Matrix between RGB and luma, chroma; ITU-R BT.601-7 and BT.709-6."""

    BT601 = "bt601"
    BT709 = "bt709"


class ColorRange(Enum):
    """Values of luma and chroma: limited as in television (16 to 235, 16 to 240), or 0 to 255."""

    LIMITED = "limited"
    FULL = "full"


@dataclass(frozen=True)
class EncodedImage:
    """The bytes of a JPEG, PNG or WebP file."""

    data: bytes


@dataclass(frozen=True)
class RawImage:
    """Uncompressed pixels.

    Attributes:
        stride: Bytes from row to row; 0: the rows have no padding.
        color_matrix: None: BT.601. Only NV12 and I420 have one.
        color_range: None: limited. Only NV12 and I420 have one.
    """

    format: PixelFormat
    width: int
    height: int
    stride: int
    pixels: bytes | memoryview
    color_matrix: ColorMatrix | None = None
    color_range: ColorRange | None = None


@dataclass(frozen=True)
class SharedMemoryImage:
    """Pixels in a POSIX shared memory object; ``layout`` has none of its own."""

    name: str
    offset: int
    length: int
    layout: RawImage


class VideoCodec(Enum):
    """Compression of a video packet. The values are FFmpeg's names."""

    H264 = "h264"
    HEVC = "hevc"


@dataclass(frozen=True)
class VideoPacket:
    """One access unit in Annex B form.

    Attributes:
        key_frame: Whether decoding can begin with this packet, as its sender says.
        presentation_ns: Presentation time since the start of the video.
        number: Position in decoding order; rises from packet to packet of a stream.
        color_matrix: Wins over the matrix that the video itself says, as ``color_range``.
    """

    codec: VideoCodec
    key_frame: bool
    presentation_ns: int | None
    data: bytes
    number: int = 0
    color_matrix: ColorMatrix | None = None
    color_range: ColorRange | None = None


Source = EncodedImage | RawImage | SharedMemoryImage | VideoPacket


class Priority(IntEnum):
    """Scheduling priority of the frames of a stream; a higher value goes first."""

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
    """One frame and the options of its sender.

    Attributes:
        sequence_id: The sender's number of the frame.
        capture_time_ns: Nanoseconds since the Unix epoch. Tracking uses this clock.
        deadline_s: Seconds after arrival until which the answer is of use.
        region: The part of the frame to look at. None: the whole frame.
        boxes: Boxes around known instances. Empty: the model detects the instances itself.
    """

    sequence_id: int
    source: Source
    capture_time_ns: int | None = None
    deadline_s: float | None = None
    region: Region | None = None
    boxes: tuple[Region, ...] = ()
