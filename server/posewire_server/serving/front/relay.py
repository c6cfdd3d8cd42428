"""Passes the messages of one call on to a worker, and back, as the bytes that they are."""

import asyncio
from collections.abc import Coroutine
from typing import Any, NoReturn, TypeVar, cast

import grpc
from posewire.v1 import keypoint_service_pb2 as pb

from posewire_server.serving.front.backend import Backend, lost_error
from posewire_server.serving.front.pending_frames import Ledger
from posewire_server.serving.rpc.error_status import Context, reason_of
from posewire_server.serving.rpc.peer import metadata_to_pass_on

T = TypeVar("T")
_STATUS = "grpc-status-details-bin"
_LOST = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL)


class StreamRelay:
    """One ``Detect`` stream between its client and a worker.

    One message is under way in each direction at a time, so a slow reader holds the other end back.

    Args:
        context: The call of the client.
        backend: The worker.
    """

    def __init__(self, context: Context, backend: Backend) -> None:
        self._context = context
        self._backend = backend
        self._call: Any = backend.detect(
            timeout=context.time_remaining(), metadata=metadata_to_pass_on(context)
        )
        self._status: grpc.aio.AioRpcError | None = None
        self._call.add_done_callback(self._note_status)
        self._ledger = Ledger()
        self._answered = False

    async def run(self) -> None:
        """Passes on until the worker has ended the stream.

        Raises:
            StreamError: WORKER_LOST, after the client has been told.
            grpc.aio.AbortError: The stream has ended as the worker said.
        """
        sending = asyncio.create_task(self._send())
        try:
            await self._receive()
        except grpc.aio.AioRpcError as failure:
            error = failure if self._status is None else self._status
            if _note_end(self._backend, error):
                await self._tell_of_loss()
            if error.code() is not grpc.StatusCode.OK:
                await _end_alike(self._context, error)
        finally:
            sending.cancel()
            self._call.cancel()

    def _note_status(self, call: Any) -> None:
        """Keeps how the worker ended the stream.

        For its users gRPC puts INTERNAL in the place of that where a write fails meanwhile
        (grpc/grpc#36066).
        """
        code = _at_once(call.code())
        if self._status is None and code is not grpc.StatusCode.INTERNAL:
            trailing, details = _at_once(call.trailing_metadata()), _at_once(call.details())
            self._status = grpc.aio.AioRpcError(code, grpc.aio.Metadata(), trailing, details)

    async def _send(self) -> None:
        read, write = self._context.read, self._call.write
        try:
            while (message := await read()) is not grpc.aio.EOF:
                self._ledger.note_request(message)
                await write(message)
            await self._call.done_writing()
        except (grpc.RpcError, grpc.aio.BaseError, asyncio.InvalidStateError):
            pass  # the worker has ended the stream; what it said is read by ``_receive``

    async def _receive(self) -> None:
        read, write = self._call.read, self._context.write
        while (message := await read()) is not grpc.aio.EOF:
            self._ledger.note_response(message)
            await write(message)
            self._answered = True

    async def _tell_of_loss(self) -> None:
        if self._answered:
            draining = pb.Draining(last_sequence_id=self._ledger.last_id)
            await self._context.write(pb.DetectResponse(draining=draining).SerializeToString())
            for dropped in self._ledger.drop():
                await self._context.write(pb.DetectResponse(dropped=dropped).SerializeToString())
        raise lost_error("the worker process of this stream has ended; resume at this address")


def _at_once(answer: Coroutine[Any, Any, T]) -> T:
    """Returns what a coroutine answers that has nothing to wait for."""
    try:
        answer.send(None)
    except StopIteration as done:
        return cast("T", done.value)
    raise AssertionError("a call that has ended knows how")


async def relay_call(context: Context, method: str, request: bytes, backend: Backend) -> bytes:
    """Has a worker answer a call with one answer.

    Raises:
        StreamError: WORKER_LOST; another worker may answer.
        grpc.aio.AbortError: The call has ended as the worker said.
    """
    call, metadata = backend.call(method), metadata_to_pass_on(context)
    try:
        return await call(request, timeout=context.time_remaining(), metadata=metadata)
    except grpc.aio.AioRpcError as error:
        if not _note_end(backend, error) and not backend.is_leaving:
            await _end_alike(context, error)
        raise lost_error("the worker process of this call has ended; call again") from error


def _note_end(backend: Backend, error: grpc.aio.AioRpcError) -> bool:
    """Returns whether a call ended with its worker, rather than as that said.

    All errors that a worker tells have a reason; what gRPC says in its place has none.
    """
    metadata: Any = error.trailing_metadata() or ()
    reasons = [reason_of(value) for key, value in metadata if key == _STATUS]
    if "SERVER_DRAINING" in reasons:
        backend.is_leaving = True
    return error.code() in _LOST and not reasons


async def _end_alike(context: Context, error: grpc.aio.AioRpcError) -> NoReturn:
    metadata = tuple(error.trailing_metadata() or ())
    await context.abort(error.code(), error.details() or "", metadata)
    raise error
