"""Requests of a ``Detect`` stream: its config, then frames."""

import logging
from collections.abc import AsyncIterator
from typing import TypeAlias

import grpc
from posewire.v1 import frame_pb2
from posewire.v1 import keypoint_service_pb2 as pb

from posewire_server.errors import ErrorReason, PosewireError, StreamError
from posewire_server.frame import Frame
from posewire_server.outcome import Failed
from posewire_server.serving.rpc.frame_conversion import to_frame
from posewire_server.serving.rpc.request_parser import RawFrame
from posewire_server.serving.streams.stream import Stream

_LOG = logging.getLogger(__name__)
StreamRequest: TypeAlias = pb.DetectRequest | RawFrame
StreamRequests: TypeAlias = AsyncIterator[StreamRequest]


def read_config(first: StreamRequest | None) -> pb.StreamConfig:
    """Returns the config that the first request of a stream must be.

    Raises:
        StreamError: CONFIG_MISSING.
    """
    if isinstance(first, pb.DetectRequest) and first.WhichOneof("request") == "config":
        return first.config
    text = "the first request of a stream must be its config; send one before the frames"
    raise StreamError(ErrorReason.CONFIG_MISSING, text)


async def read_frames(
    requests: StreamRequests, stream: Stream[pb.DetectResponse]
) -> PosewireError | None:
    """Offers frames to the stream; returns what is fatal to it, or None at its regular end."""
    try:
        async for request in requests:
            if isinstance(request, RawFrame):
                await stream.offer(to_frame_or_failed(request.message, request.pixels))
                continue
            kind = request.WhichOneof("request")
            if kind == "config":
                text = "a stream has one config, its first request; open another stream"
                return StreamError(ErrorReason.CONFIG_REPEATED, text)
            if kind is None:
                return StreamError(
                    ErrorReason.REQUEST_EMPTY, "the request is neither config nor frame"
                )
            await stream.offer(to_frame_or_failed(request.frame))
    except grpc.aio.BaseError:
        _LOG.debug("the client is gone")
    finally:
        stream.finish()
    return None


def to_frame_or_failed(
    message: frame_pb2.Frame, pixels: memoryview | None = None
) -> Frame | Failed:
    """Returns the frame of a message, or its outcome if it cannot be read, see ``to_frame``."""
    try:
        return to_frame(message, pixels)
    except PosewireError as error:
        return Failed(message.sequence_id, error)
