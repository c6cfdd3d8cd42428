"""Errors that a call may raise, typed by what the caller can do about them.

Every one keeps the gRPC error as ``__cause__`` and carries the server's ``reason`` (a name of
``posewire.v1.ErrorReason`` without its prefix) with its metadata. An error of a single frame is not
raised: it is an outcome, :class:`posewire.FrameError`.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol, cast

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

CODES = {code.value[0]: code for code in grpc.StatusCode}


class PosewireError(Exception):
    """A call that failed.

    Attributes:
        code: The gRPC status code.
        reason: Name of an ``ErrorReason``; empty where the server gave none (a network error).
        metadata: Facts about the error; error_reason.proto lists the keys of each reason.
    """

    def __init__(
        self,
        message: str,
        *,
        code: grpc.StatusCode = grpc.StatusCode.UNKNOWN,
        reason: str = "",
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.metadata = dict(metadata or {})

    @property
    def is_transient(self) -> bool:
        """Whether the same call may succeed later, unchanged."""
        return self.code in TRANSIENT_CODES or self.reason == "TOO_MANY_STREAMS"


class InvalidArgumentError(PosewireError):
    """The request is wrong; the reason says what to mend."""


class NotFoundError(PosewireError):
    """The model or object that a request names does not exist."""


class ModelUnknownError(NotFoundError):
    """No model has this name; ``metadata["known"]`` lists those there are."""


class FailedPreconditionError(PosewireError):
    """The server is not in the state that the call needs; the same call fails again."""


class ModelNotServingError(FailedPreconditionError):
    """The server knows the model but does not serve it; another server may."""


class UnavailableError(PosewireError):
    """The server cannot be reached, or is shutting down."""


class DeadlineExceededError(PosewireError):
    """The answer did not come in time."""


class ResourceExhaustedError(PosewireError):
    """A limit of the server was reached: streams, frames in flight, or bytes of a message."""


class UnimplementedError(PosewireError):
    """This server does not offer what was asked for."""


class CancelledError(PosewireError):
    """The call was cancelled."""


class InternalError(PosewireError):
    """A fault of the server."""


class ProtocolError(PosewireError):
    """The server broke the contract, for instance by answering a frame twice."""


TRANSIENT_CODES = frozenset(
    {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL, grpc.StatusCode.CANCELLED}
)

# grpc.aio says this in place of the server's status when a write meets a call that has just ended.
_WRITE_FAILED = "Internal error from Core"

_CLASSES_BY_REASON: Mapping[str, type[PosewireError]] = {
    "MODEL_UNKNOWN": ModelUnknownError,
    "MODEL_NOT_SERVING": ModelNotServingError,
}
_CLASSES: Mapping[grpc.StatusCode, type[PosewireError]] = {
    grpc.StatusCode.INVALID_ARGUMENT: InvalidArgumentError,
    grpc.StatusCode.NOT_FOUND: NotFoundError,
    grpc.StatusCode.FAILED_PRECONDITION: FailedPreconditionError,
    grpc.StatusCode.UNAVAILABLE: UnavailableError,
    grpc.StatusCode.DEADLINE_EXCEEDED: DeadlineExceededError,
    grpc.StatusCode.RESOURCE_EXHAUSTED: ResourceExhaustedError,
    grpc.StatusCode.UNIMPLEMENTED: UnimplementedError,
    grpc.StatusCode.CANCELLED: CancelledError,
    grpc.StatusCode.INTERNAL: InternalError,
}


class _FailedCall(Protocol):
    def code(self) -> grpc.StatusCode: ...
    def details(self) -> str | None: ...


def read_error_info(status: status_pb2.Status) -> tuple[str, dict[str, str]]:
    """Returns reason and metadata of a status; empty ones where it holds no ErrorInfo."""
    for detail in status.details:
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info):
            return info.reason, dict(info.metadata)
    return "", {}


def error_from(failure: grpc.RpcError) -> PosewireError:
    """Returns the typed error of a failed call, sync or asyncio; raise it ``from`` the failure."""
    call = cast("_FailedCall", failure)
    if call.details() == _WRITE_FAILED:
        text = "the call ended while a frame was being sent"
        return UnavailableError(text, code=grpc.StatusCode.UNAVAILABLE)
    reason, metadata = _read_details(failure)
    kind = _CLASSES_BY_REASON.get(reason) or _CLASSES.get(call.code(), PosewireError)
    text = call.details() or call.code().name
    return kind(text, code=call.code(), reason=reason, metadata=metadata)


@contextmanager
def typed_errors() -> Iterator[None]:
    """Raises the typed error of a call that fails inside the ``with`` block.

    Raises:
        PosewireError: The call failed.
    """
    try:
        yield
    except grpc.RpcError as failure:
        raise error_from(failure) from failure


def _read_details(failure: grpc.RpcError) -> tuple[str, dict[str, str]]:
    try:
        status = rpc_status.from_call(cast("grpc.Call", failure))
    except (ValueError, DecodeError):  # a proxy may have rewritten the code but not the details
        return "", {}
    return ("", {}) if status is None else read_error_info(status)
