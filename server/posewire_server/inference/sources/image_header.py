"""Size of an encoded image from its header, before a single pixel is decoded."""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from posewire_server.errors import ErrorReason, SourceError

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_JPEG_SCAN = b"\xff\xda"
_JPEG_END = b"\xff\xd9"
_JPEG_EXIF = 0xE1, b"Exif\0\0"
# Start-of-frame markers: 0xC0..0xCF without the tables DHT (C4), JPG (C8) and DAC (CC).
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_PROGRESSIVE_FRAMES = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
# TEM and the restart markers stand alone, without a length.
_JPEG_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})
# A progressive picture has about 10 scans; each costs a pass over all its pixels.
_MOST_JPEG_SCANS = 64


@dataclass(frozen=True)
class ImageHeader:
    """Format of an image file, and its size as stored: before any EXIF rotation.

    Attributes:
        may_turn: Whether a JPEG file has an EXIF segment, which may hold an orientation.
    """

    format: Literal["JPEG", "PNG", "WebP"]
    width: int
    height: int
    may_turn: bool = False


def read_header(encoded: bytes) -> ImageHeader:
    """Reads the header of a JPEG, PNG or WebP file and checks that the file is whole.

    Raises:
        SourceError: IMAGE_EMPTY, IMAGE_FORMAT_UNSUPPORTED, or IMAGE_UNDECODABLE: the header is
            malformed or the end of the file is missing.
    """
    if not encoded:
        raise SourceError(
            ErrorReason.IMAGE_EMPTY, "the image has no bytes; send a JPEG, PNG or WebP file"
        )
    try:
        header = _dispatch(encoded)
    except (struct.error, IndexError) as error:
        raise undecodable("the file ends within its header") from error
    if header.width == 0 or header.height == 0:
        raise undecodable(f"its header says {header.width}x{header.height} pixels")
    return header


def undecodable(why: str) -> SourceError:
    """Returns the error of a file that is damaged or cut short."""
    return SourceError(
        ErrorReason.IMAGE_UNDECODABLE, f"the image cannot be decoded: {why}; send it whole"
    )


def png_pixels(encoded: bytes) -> bytes:
    """Returns a PNG file reduced to the chunks that make its pixels and their orientation.

    Colour profiles, texts and animations are left out: the decoder would print complaints about
    many that are found in practice.

    Raises:
        SourceError: IMAGE_UNDECODABLE: a checksum is wrong or the file is cut short.
    """
    parts = [_PNG_SIGNATURE]
    for kind, chunk in _png_chunks(encoded):
        is_critical = not kind[0] & 0x20
        if is_critical or kind == b"eXIf":
            if zlib.crc32(chunk[4:-4]) != int.from_bytes(chunk[-4:]):
                raise undecodable(f"the checksum of its {kind!r} chunk is wrong")
            parts.append(bytes(chunk))
    return b"".join(parts)


def _dispatch(encoded: bytes) -> ImageHeader:
    if encoded.startswith(b"\xff\xd8"):
        return _read_jpeg(encoded)
    if encoded.startswith(_PNG_SIGNATURE):
        width, height = struct.unpack_from(">II", encoded, 16)
        return ImageHeader("PNG", width, height)
    if encoded[:4] == b"RIFF" and encoded[8:12] == b"WEBP":
        return _read_webp(encoded)
    raise SourceError(
        ErrorReason.IMAGE_FORMAT_UNSUPPORTED,
        "the bytes are no JPEG, PNG or WebP file; convert the image",
    )


def _read_jpeg(encoded: bytes) -> ImageHeader:
    """Reads the start of the frame and of the first scan (ITU-T T.81, annex B)."""
    width = height = components = 0
    is_progressive = may_turn = False
    position = 0
    for marker, position in _jpeg_segments(encoded):
        if marker in _JPEG_FRAMES:
            height, width, components = struct.unpack_from(">HHB", encoded, position + 5)
            is_progressive = marker in _JPEG_PROGRESSIVE_FRAMES
        may_turn |= (marker, encoded[position + 4 : position + 10]) == _JPEG_EXIF
    if encoded.rfind(_JPEG_END, position) < 0:
        raise undecodable("the JPEG file is cut short")
    has_more_scans = is_progressive or encoded[position + 4] < components
    if has_more_scans and encoded.count(_JPEG_SCAN, position) > _MOST_JPEG_SCANS:
        raise undecodable(f"the JPEG file has more than {_MOST_JPEG_SCANS} scans")
    return ImageHeader("JPEG", width, height, may_turn)


def _jpeg_segments(encoded: bytes) -> Iterator[tuple[int, int]]:
    """Yields marker and position of each segment, up to and with the start of the first scan."""
    position = 2
    while True:
        if encoded[position] != 0xFF:
            raise undecodable("a JPEG marker is missing")
        marker = encoded[position + 1]
        if marker == 0xFF:  # a fill byte
            position += 1
        elif marker in _JPEG_ALONE:
            position += 2
        else:
            yield marker, position
            if marker == _JPEG_SCAN[1]:
                return
            position += 2 + int(struct.unpack_from(">H", encoded, position + 2)[0])


def _png_chunks(encoded: bytes) -> Iterator[tuple[bytes, memoryview]]:
    """Yields type and whole chunk (length, type, content, checksum) up to and with IEND."""
    view = memoryview(encoded)
    position = len(_PNG_SIGNATURE)
    while position + 12 <= len(view):
        end = position + 12 + int.from_bytes(view[position : position + 4])
        kind = bytes(view[position + 4 : position + 8])
        if end > len(view):
            break
        yield kind, view[position:end]
        if kind == b"IEND":
            return
        position = end
    raise undecodable("the PNG file is cut short")


def _read_webp(encoded: bytes) -> ImageHeader:
    """Reads the first chunk of the container (RFC 9649, sections 2.3 to 2.7)."""
    (riff_size,) = struct.unpack_from("<I", encoded, 4)
    if len(encoded) < riff_size + 8:
        raise undecodable("the WebP file is cut short")
    kind = encoded[12:16]
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", encoded, 26)
        return ImageHeader("WebP", width & 0x3FFF, height & 0x3FFF)
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", encoded, 21)
        return ImageHeader("WebP", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    if kind == b"VP8X":
        width, height = encoded[24:27], encoded[27:30]
        if len(height) < 3:
            raise undecodable("the file ends within its header")
        return ImageHeader(
            "WebP", int.from_bytes(width, "little") + 1, int.from_bytes(height, "little") + 1
        )
    raise undecodable("the WebP file has no image chunk")
