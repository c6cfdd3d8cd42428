"""Parser of ``DetectRequest`` that does not copy the pixels of raw images.

Protobuf copies a bytes field when it parses the message, and again at each access. For a raw
picture this is most of the server's own time. This parser returns the pixels as a view of the
received bytes and lets protobuf parse the rest. Protobuf parses messages of another layout.

Source: https://protobuf.dev/programming-guides/encoding.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from posewire.v1 import frame_pb2
from posewire.v1 import keypoint_service_pb2 as pb

_WORTHWHILE_BYTES = 100_000
_LENGTH_DELIMITED = 2
_FRAME = pb.DetectRequest.FRAME_FIELD_NUMBER
_RAW_IMAGE = frame_pb2.Frame.RAW_IMAGE_FIELD_NUMBER
_PIXELS = frame_pb2.RawImage.PIXELS_FIELD_NUMBER


@dataclass(frozen=True)
class Span:
    """Offsets of a length-delimited field: its tag, and its value from ``begin`` to ``end``."""

    tag: int
    begin: int
    end: int


@dataclass(frozen=True)
class RawFrame:
    """Frame message without the pixels of its raw image, and these pixels."""

    message: frame_pb2.Frame
    pixels: memoryview


def read_request(content: bytes) -> pb.DetectRequest | RawFrame:
    """Returns a request; the deserializer of ``Detect``."""
    if len(content) >= _WORTHWHILE_BYTES:
        try:
            return _read_raw_frame(content)
        except (UnusualError, IndexError):
            pass
    return pb.DetectRequest.FromString(content)


class UnusualError(Exception):
    """The layout of the message is one that this parser does not read."""


def _read_raw_frame(content: bytes) -> RawFrame:
    frame = _only(content, Span(0, 0, len(content)), _FRAME)
    if frame.end != len(content) or frame.tag != 0:
        raise UnusualError
    raw = _only(content, frame, _RAW_IMAGE)
    pixels = _only(content, raw, _PIXELS)
    message = frame_pb2.Frame.FromString(
        content[frame.begin : raw.tag] + content[raw.end : frame.end]
    )
    if message.WhichOneof("source") is not None:
        raise UnusualError
    around = content[raw.begin : pixels.tag] + content[pixels.end : raw.end]
    message.raw_image.MergeFromString(around)
    return RawFrame(message, memoryview(content)[pixels.begin : pixels.end])


def _only(content: bytes, within: Span, number: int) -> Span:
    found = [span for key, span in _fields(content, within) if key == number]
    if len(found) != 1:
        raise UnusualError
    return found[0]


def _fields(content: bytes, within: Span) -> Iterator[tuple[int, Span]]:
    """Yields number and span of the length-delimited fields; other fields must be varints."""
    at = within.begin
    while at < within.end:
        tag = at
        key, at = read_varint(content, at)
        value, at = read_varint(content, at)
        if key >> 3 == 0:
            raise UnusualError
        if key & 7 == _LENGTH_DELIMITED:
            yield key >> 3, Span(tag, at, at + value)
            at += value
        elif key & 7 != 0:
            raise UnusualError
    if at != within.end:
        raise UnusualError


def read_varint(content: bytes, at: int) -> tuple[int, int]:
    """Returns the varint at an offset, and the offset after it."""
    value = shift = 0
    while True:
        byte = content[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise UnusualError
