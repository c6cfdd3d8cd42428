"""Conversion of Frame messages to ``posewire_server.frame``."""

from google.protobuf import timestamp_pb2
from posewire.v1 import frame_pb2, pose_pb2

from posewire_server.errors import ErrorReason, PosewireError, SourceError
from posewire_server.frame import (
    ColorMatrix,
    ColorRange,
    EncodedImage,
    Frame,
    PixelFormat,
    RawImage,
    Region,
    SharedMemoryImage,
    Source,
    VideoCodec,
    VideoPacket,
)
from posewire_server.outcome import Failed
from posewire_server.serving.rpc.stream_config import to_seconds

_PIXEL_FORMATS = {
    frame_pb2.PIXEL_FORMAT_BGR: PixelFormat.BGR,
    frame_pb2.PIXEL_FORMAT_RGB: PixelFormat.RGB,
    frame_pb2.PIXEL_FORMAT_GRAY: PixelFormat.GRAY,
    frame_pb2.PIXEL_FORMAT_NV12: PixelFormat.NV12,
    frame_pb2.PIXEL_FORMAT_I420: PixelFormat.I420,
}
_CODECS = {
    frame_pb2.VIDEO_CODEC_H264: VideoCodec.H264,
    frame_pb2.VIDEO_CODEC_HEVC: VideoCodec.HEVC,
}
_COLOR_MATRICES = {
    frame_pb2.COLOR_MATRIX_UNSPECIFIED: None,
    frame_pb2.COLOR_MATRIX_BT601: ColorMatrix.BT601,
    frame_pb2.COLOR_MATRIX_BT709: ColorMatrix.BT709,
}
_COLOR_RANGES = {
    frame_pb2.COLOR_RANGE_UNSPECIFIED: None,
    frame_pb2.COLOR_RANGE_LIMITED: ColorRange.LIMITED,
    frame_pb2.COLOR_RANGE_FULL: ColorRange.FULL,
}
_FIRST_TIME_NS = -62_135_596_800 * 10**9
_LAST_TIME_NS = 253_402_300_800 * 10**9 - 1


def to_frame(message: frame_pb2.Frame, pixels: memoryview | None = None) -> Frame:
    """Returns the frame of a message.

    Args:
        pixels: Pixels of its raw image if the message is without them, see ``RawFrame``.

    Raises:
        SourceError: SOURCE_MISSING, RAW_IMAGE_MALFORMED, VIDEO_UNSUPPORTED.
    """
    capture_time_ns = None
    if message.HasField("capture_time"):
        capture_time_ns = _to_time_ns(message.capture_time)
    return Frame(
        sequence_id=message.sequence_id,
        source=to_source(message, pixels),
        capture_time_ns=capture_time_ns,
        deadline_s=to_seconds(message.deadline) if message.HasField("deadline") else None,
        region=_to_region(message.region) if message.HasField("region") else None,
        boxes=tuple(_to_region(box) for box in message.boxes),
    )


def to_frame_or_failed(
    message: frame_pb2.Frame, pixels: memoryview | None = None
) -> Frame | Failed:
    """Returns the frame of a message, or its outcome if it cannot be read, see ``to_frame``."""
    try:
        return to_frame(message, pixels)
    except PosewireError as error:
        return Failed(message.sequence_id, error)


def _to_region(box: pose_pb2.BoundingBox) -> Region:
    return Region(box.x_min, box.y_min, box.x_max, box.y_max)


def to_source(message: frame_pb2.Frame, pixels: memoryview | None = None) -> Source:
    """Returns the source of a frame; the arguments are those of ``to_frame``.

    Raises:
        SourceError: SOURCE_MISSING, RAW_IMAGE_MALFORMED, VIDEO_UNSUPPORTED.
    """
    match message.WhichOneof("source"):
        case "encoded_image":
            return EncodedImage(message.encoded_image)
        case "raw_image":
            raw = message.raw_image
            return _to_raw_image(raw, raw.pixels if pixels is None else pixels)
        case "shared_memory":
            shared = message.shared_memory
            layout = _to_raw_image(shared.layout, b"")
            return SharedMemoryImage(shared.name, shared.offset, shared.length, layout)
        case "video_packet":
            return _to_video_packet(message.video_packet, message.sequence_id)
        case _:
            raise SourceError(
                ErrorReason.SOURCE_MISSING, "the frame has no source; set encoded_image"
            )


def _to_raw_image(raw: frame_pb2.RawImage, pixels: bytes | memoryview) -> RawImage:
    pixel_format = _PIXEL_FORMATS.get(raw.format)
    if pixel_format is None:
        problem = (
            f"pixel format {raw.format} is not known" if raw.format else "no pixel format is set"
        )
        text = f"{problem}; send BGR, RGB, GRAY, NV12 or I420"
        raise SourceError(ErrorReason.RAW_IMAGE_MALFORMED, text)
    colors = _to_colors(raw, ErrorReason.RAW_IMAGE_MALFORMED)
    return RawImage(pixel_format, raw.width, raw.height, raw.stride, pixels, *colors)


def _to_video_packet(packet: frame_pb2.VideoPacket, number: int) -> VideoPacket:
    codec = _CODECS.get(packet.codec)
    if codec is None:
        problem = f"video codec {packet.codec} is not known" if packet.codec else "no codec is set"
        text = f"{problem}; send H264 or HEVC"
        raise SourceError(ErrorReason.VIDEO_UNSUPPORTED, text, codec=packet.codec)
    presentation_ns = None
    if packet.HasField("presentation_offset"):
        offset = packet.presentation_offset
        presentation_ns = offset.seconds * 10**9 + offset.nanos
    colors = _to_colors(packet, ErrorReason.VIDEO_UNSUPPORTED)
    return VideoPacket(codec, packet.key_frame, presentation_ns, packet.data, number, *colors)


def _to_colors(
    message: frame_pb2.RawImage | frame_pb2.VideoPacket, reason: ErrorReason
) -> tuple[ColorMatrix | None, ColorRange | None]:
    matrix, values = message.color_matrix, message.color_range
    if matrix not in _COLOR_MATRICES:
        text = f"color matrix {matrix} is not known; send BT601 or BT709, or leave it unset"
        raise SourceError(reason, text, color_matrix=matrix)
    if values not in _COLOR_RANGES:
        text = f"color range {values} is not known; send LIMITED or FULL, or leave it unset"
        raise SourceError(reason, text, color_range=values)
    return _COLOR_MATRICES[matrix], _COLOR_RANGES[values]


def _to_time_ns(time: timestamp_pb2.Timestamp) -> int:
    """Returns nanoseconds since the epoch, within the years 1 to 9999 of a valid Timestamp."""
    return min(max(_FIRST_TIME_NS, time.seconds * 10**9 + time.nanos), _LAST_TIME_NS)
