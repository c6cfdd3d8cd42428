"""Requests around raw pixels, put together without the copies that protobuf makes on the way.

A picture set as a bytes field is copied into the message and again when that is serialised; for raw
video that is most of what sending costs. Here its bytes are copied once, into what gRPC is given.

Source: the encoding guide of Protocol Buffers.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from posewire.v1 import frame_pb2, keypoint_service_pb2

_LENGTH_DELIMITED = 2
_FRAME = keypoint_service_pb2.DetectRequest.FRAME_FIELD_NUMBER
_RAW_IMAGE = frame_pb2.Frame.RAW_IMAGE_FIELD_NUMBER
_PIXELS = frame_pb2.RawImage.PIXELS_FIELD_NUMBER


@dataclass(slots=True, eq=False)
class RawRequest:
    """A DetectRequest whose pixels are apart.

    Attributes:
        frame: The frame without a source.
        layout: Its raw image without pixels.
        pixels: The pixels, packed; whoever owns them may change them once this is serialised.
        serialized: Its bytes from then on, to be sent again.
    """

    frame: frame_pb2.Frame
    layout: frame_pb2.RawImage
    pixels: memoryview
    serialized: bytes | None = None

    def SerializeToString(self) -> bytes:  # noqa: N802 (protobuf's name)
        """Returns the bytes of the whole request."""
        if self.serialized is None:
            self.serialized = b"".join(self._parts())
            self.pixels = memoryview(b"")
        return self.serialized

    def _parts(self) -> Iterator[bytes | memoryview]:
        layout = self.layout.SerializeToString() + _header(_PIXELS, self.pixels.nbytes)
        raw_bytes = len(layout) + self.pixels.nbytes
        frame = self.frame.SerializeToString() + _header(_RAW_IMAGE, raw_bytes)
        yield _header(_FRAME, len(frame) + raw_bytes)
        yield frame
        yield layout
        yield self.pixels


Request: TypeAlias = keypoint_service_pb2.DetectRequest | RawRequest


def detect_method(channel: Any) -> Any:
    """Returns ``Detect`` of a channel, sync or asyncio, for both kinds of requests."""
    service = keypoint_service_pb2.DESCRIPTOR.services_by_name["KeypointService"].full_name
    return channel.stream_stream(
        f"/{service}/Detect",
        request_serializer=lambda request: request.SerializeToString(),
        response_deserializer=keypoint_service_pb2.DetectResponse.FromString,
    )


def _header(field: int, size: int) -> bytes:
    return _varint(field << 3 | _LENGTH_DELIMITED) + _varint(size)


def _varint(value: int) -> bytes:
    groups = bytearray()
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    groups.append(value)
    return bytes(groups)
