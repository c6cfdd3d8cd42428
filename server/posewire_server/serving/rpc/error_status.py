"""Errors as google.rpc.Status, of a frame and of a call. Only this module knows both sides."""

import functools
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NoReturn

import grpc
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2
from grpc import StatusCode
from grpc_status import rpc_status

from posewire_server.errors import EngineError, ErrorReason, PosewireError, Reason, StreamError

_LOG = logging.getLogger(__name__)
DOMAIN = "posewire"
Context = grpc.aio.ServicerContext[Any, Any]
Handler = Callable[[Any, Any, Context], Awaitable[Any]]

CODES: Mapping[Reason, StatusCode] = {
    ErrorReason.SOURCE_MISSING: StatusCode.INVALID_ARGUMENT,
    ErrorReason.SOURCE_UNIMPLEMENTED: StatusCode.UNIMPLEMENTED,
    ErrorReason.IMAGE_EMPTY: StatusCode.INVALID_ARGUMENT,
    ErrorReason.IMAGE_FORMAT_UNSUPPORTED: StatusCode.INVALID_ARGUMENT,
    ErrorReason.IMAGE_UNDECODABLE: StatusCode.INVALID_ARGUMENT,
    ErrorReason.IMAGE_TOO_LARGE: StatusCode.INVALID_ARGUMENT,
    ErrorReason.RAW_IMAGE_MALFORMED: StatusCode.INVALID_ARGUMENT,
    ErrorReason.REGION_INVALID: StatusCode.INVALID_ARGUMENT,
    ErrorReason.SEQUENCE_NOT_INCREASING: StatusCode.INVALID_ARGUMENT,
    ErrorReason.FRAME_DEADLINE_EXCEEDED: StatusCode.DEADLINE_EXCEEDED,
    ErrorReason.QUEUE_FULL: StatusCode.RESOURCE_EXHAUSTED,
    ErrorReason.CONFIG_MISSING: StatusCode.INVALID_ARGUMENT,
    ErrorReason.CONFIG_REPEATED: StatusCode.INVALID_ARGUMENT,
    ErrorReason.CONFIG_INVALID: StatusCode.INVALID_ARGUMENT,
    ErrorReason.REQUEST_EMPTY: StatusCode.INVALID_ARGUMENT,
    ErrorReason.FEATURE_UNIMPLEMENTED: StatusCode.UNIMPLEMENTED,
    ErrorReason.MODEL_UNKNOWN: StatusCode.NOT_FOUND,
    ErrorReason.MODEL_NOT_SERVING: StatusCode.FAILED_PRECONDITION,
    ErrorReason.MODE_UNKNOWN: StatusCode.INVALID_ARGUMENT,
    ErrorReason.TOO_MANY_STREAMS: StatusCode.RESOURCE_EXHAUSTED,
    ErrorReason.SERVER_DRAINING: StatusCode.UNAVAILABLE,
    ErrorReason.ENGINE_FAILED: StatusCode.INTERNAL,
    ErrorReason.INTERNAL: StatusCode.INTERNAL,
    ErrorReason.WORKER_LOST: StatusCode.UNAVAILABLE,
    ErrorReason.SHARED_MEMORY_NOT_FOUND: StatusCode.NOT_FOUND,
    ErrorReason.SHARED_MEMORY_FORBIDDEN: StatusCode.PERMISSION_DENIED,
    ErrorReason.SHARED_MEMORY_OUT_OF_BOUNDS: StatusCode.INVALID_ARGUMENT,
    ErrorReason.VIDEO_PACKET_UNDECODABLE: StatusCode.INVALID_ARGUMENT,
    ErrorReason.VIDEO_KEY_FRAME_MISSING: StatusCode.FAILED_PRECONDITION,
    ErrorReason.VIDEO_UNSUPPORTED: StatusCode.UNIMPLEMENTED,
    ErrorReason.BYTES_EXHAUSTED: StatusCode.RESOURCE_EXHAUSTED,
}


def client_error(error: PosewireError) -> PosewireError:
    """Returns the error for the client: the text of an engine stays in the log."""
    if isinstance(error, EngineError) or error.reason not in CODES:
        return PosewireError(
            ErrorReason.ENGINE_FAILED, "the network could not be run on this frame"
        )
    return error


def to_status(error: PosewireError) -> status_pb2.Status:
    """Returns the status of the error for the client, see ``client_error``."""
    error = client_error(error)
    details = any_pb2.Any()
    details.Pack(
        error_details_pb2.ErrorInfo(
            reason=error.reason, domain=DOMAIN, metadata=dict(error.metadata)
        )
    )
    number, _ = CODES[error.reason].value
    return status_pb2.Status(code=number, message=str(error), details=[details])


def reason_of(content: bytes) -> str:
    """Returns the reason of a serialized google.rpc.Status; empty if it has none."""
    info = error_details_pb2.ErrorInfo()
    for detail in status_pb2.Status.FromString(content).details:
        if detail.Unpack(info):
            return str(info.reason)
    return ""


def answer_errors(handler: Handler) -> Handler:
    """Decorates a handler: an exception ends its call with a google.rpc.Status."""

    @functools.wraps(handler)
    async def wrapped(servicer: Any, request: Any, context: Context) -> Any:
        try:
            return await handler(servicer, request, context)
        except grpc.aio.BaseError:  # the client has cancelled, or the server has stopped
            raise
        except Exception as error:
            await _abort(context, error)

    return wrapped


async def _abort(context: Context, error: Exception) -> NoReturn:
    if not isinstance(error, PosewireError):
        _LOG.error("a call failed", exc_info=error)
        error = PosewireError(
            ErrorReason.INTERNAL, "the server met a fault of its own; its log has details"
        )
    error.__traceback__ = None  # its frames hold the error: a reference cycle with their stream
    await context.abort_with_status(rpc_status.to_status(to_status(error)))
    raise error


def draining_error() -> StreamError:
    """Returns SERVER_DRAINING, for a call that a draining server refuses or ends."""
    text = "the server is shutting down; resume on another server, or later"
    return StreamError(ErrorReason.SERVER_DRAINING, text)
