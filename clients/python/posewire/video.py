"""Compressed video: packets of an encoder, and byte streams such as ``ffmpeg -f h264 -`` writes.

>>> with Client("localhost:50051") as client, open("street.h264", "rb") as file:
...     for outcome in client.detect(access_units(file, VideoCodec.H264)):
...         print(outcome)
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from enum import IntEnum
from typing import BinaryIO

from posewire.pixels import ColorMatrix, ColorRange
from posewire.v1 import frame_pb2

_START = b"\0\0\1"
_CHUNK_BYTES = 65536


class VideoCodec(IntEnum):
    """Compression of a video."""

    H264 = frame_pb2.VIDEO_CODEC_H264
    HEVC = frame_pb2.VIDEO_CODEC_HEVC


def video_packet(
    data: bytes,
    codec: VideoCodec,
    *,
    key_frame: bool | None = None,
    presentation_s: float | None = None,
    color_matrix: ColorMatrix | None = None,
    color_range: ColorRange | None = None,
) -> frame_pb2.VideoPacket:
    """Returns what an encoder or a demultiplexer gives as a source of a frame.

    Send packets in decoding order, all of them, best of an encoder without B-frames.

    Args:
        data: All that one picture is coded in, in Annex B form.
        codec: Its compression.
        key_frame: Whether decoding can begin with it; None: looked for.
        presentation_s: When it is shown, counted from the start of the video.
        color_matrix: Matrix of its colours; None: as the video says.
        color_range: Range of its values; None: as the video says.

    Raises:
        ValueError: The bytes are not in Annex B form.
    """
    if not data.lstrip(b"\0").startswith(b"\1") or not data.startswith(b"\0\0"):
        raise ValueError(
            "a packet begins with a start code; convert those of MP4 and MKV files with FFmpeg's "
            "filter h264_mp4toannexb or hevc_mp4toannexb"
        )
    if key_frame is None:
        key_frame = any(_is_key(unit, codec) for unit in data.split(_START)[1:])
    packet = frame_pb2.VideoPacket(
        codec=codec.value,
        key_frame=key_frame,
        data=data,
        color_matrix=color_matrix.value if color_matrix else None,
        color_range=color_range.value if color_range else None,
    )
    if presentation_s is not None:
        packet.presentation_offset.FromTimedelta(timedelta(seconds=presentation_s))
    return packet


def access_units(
    stream: BinaryIO | Iterable[bytes],
    codec: VideoCodec,
    *,
    fps: float | None = None,
    color_matrix: ColorMatrix | None = None,
    color_range: ColorRange | None = None,
) -> Iterator[frame_pb2.VideoPacket]:
    """Splits a byte stream into the packets of its pictures, as they become whole.

    That a picture is whole shows when the next one begins; an encoder that hands out packets is
    quicker with ``video_packet``.

    Args:
        stream: A file opened for reading bytes, or pieces of any length.
        codec: Its compression.
        fps: Pictures in a second, if packets are to say when they are shown; for videos without
            B-frames only.
        color_matrix: Matrix of the colours; None: as the video says.
        color_range: Range of the values; None: as the video says.

    Raises:
        ValueError: The bytes are not in Annex B form.
    """
    for number, units in enumerate(_pictures(_units(_chunks(stream)), codec)):
        data = b"".join(b"\0" + _START + unit for unit in units)
        yield video_packet(
            data,
            codec,
            presentation_s=number / fps if fps else None,
            color_matrix=color_matrix,
            color_range=color_range,
        )


def _chunks(stream: BinaryIO | Iterable[bytes]) -> Iterator[bytes]:
    if not hasattr(stream, "read"):
        yield from stream
        return
    while chunk := stream.read(_CHUNK_BYTES):
        yield chunk


def _units(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yields the units of a byte stream, without start codes and the zeros after them."""
    has_begun, rest = False, b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(_START)
        for unit in whole:
            if has_begun:
                yield unit.rstrip(b"\0")
            elif unit.strip(b"\0"):
                raise ValueError("the stream does not begin with a start code")
            has_begun = True
    if has_begun and rest:
        yield rest.rstrip(b"\0")


def _pictures(units: Iterable[bytes], codec: VideoCodec) -> Iterator[list[bytes]]:
    """Gathers the units of each picture; ITU-T H.264 7.4.1.2.3 and H.265 7.4.2.4.4."""
    gathered: list[bytes] = []
    has_slice = False
    for unit in filter(None, units):
        is_slice = _is_slice(unit, codec)
        if has_slice and (_is_first(unit, codec) if is_slice else _precedes(unit, codec)):
            yield gathered
            gathered, has_slice = [], False
        gathered.append(unit)
        has_slice |= is_slice
    if has_slice:
        yield gathered


def _kind(unit: bytes, codec: VideoCodec) -> int:
    return unit[0] & 31 if codec is VideoCodec.H264 else unit[0] >> 1 & 63


def _is_slice(unit: bytes, codec: VideoCodec) -> bool:
    return _kind(unit, codec) in (range(1, 6) if codec is VideoCodec.H264 else range(32))


def _is_first(unit: bytes, codec: VideoCodec) -> bool:
    """Whether a slice is the first of its picture."""
    place = 1 if codec is VideoCodec.H264 else 2
    return unit[place : place + 1] >= b"\x80"


def _precedes(unit: bytes, codec: VideoCodec) -> bool:
    """Whether a unit that is no slice belongs to the picture after it."""
    kind = _kind(unit, codec)
    if codec is VideoCodec.H264:
        return 6 <= kind <= 9 or 14 <= kind <= 18
    return 32 <= kind <= 35 or kind == 39 or 41 <= kind <= 44 or 48 <= kind <= 55


def _is_key(unit: bytes, codec: VideoCodec) -> bool:
    if not unit:
        return False
    kind = _kind(unit, codec)
    return kind == 5 if codec is VideoCodec.H264 else 16 <= kind <= 23
