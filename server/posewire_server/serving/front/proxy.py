"""Proxy of one call between its client and a worker; messages pass as bytes."""

import asyncio
from collections.abc import Coroutine
from typing import Any, NoReturn, TypeVar, cast

import grpc
from posewire.v1 import keypoint_service_pb2 as pb

from posewire_server.serving.front.pending_frames import PendingFrames
from posewire_server.serving.front.worker_pool import Worker, lost_error
from posewire_server.serving.rpc.error_status import Context, reason_of
from posewire_server.serving.rpc.peer import metadata_to_pass_on

T = TypeVar("T")
_STATUS = "grpc-status-details-bin"
_LOST = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL)


class StreamProxy:
    """Proxy of one ``Detect`` stream.

    One message is under way in each direction at a time: a slow reader holds the sender back.
    """

    def __init__(self, context: Context, worker: Worker) -> None:
        self._context = context
        self._worker = worker
        self._call: Any = worker.detect(
            timeout=context.time_remaining(), metadata=metadata_to_pass_on(context)
        )
        self._status: grpc.aio.AioRpcError | None = None
        self._call.add_done_callback(self._note_status)
        self._pending = PendingFrames()
        self._answered = False

    async def run(self) -> None:
        """Passes messages until the worker has ended the stream.

        Raises:
            StreamError: WORKER_LOST, after the client has been told.
            grpc.aio.AbortError: The stream has ended as the worker said.
        """
        sending = asyncio.create_task(self._send())
        try:
            await self._receive()
        except grpc.aio.AioRpcError as failure:
            error = failure if self._status is None else self._status
            if _is_lost(self._worker, error):
                await self._report_loss()
            if error.code() is not grpc.StatusCode.OK:
                await _abort_with(self._context, error)
        finally:
            sending.cancel()
            self._call.cancel()

    def _note_status(self, call: Any) -> None:
        """Keeps the status that the worker sent.

        gRPC raises INTERNAL instead of that if a write fails meanwhile (grpc/grpc#36066).
        """
        code = _result_now(call.code())
        if self._status is None and code is not grpc.StatusCode.INTERNAL:
            trailing, details = _result_now(call.trailing_metadata()), _result_now(call.details())
            self._status = grpc.aio.AioRpcError(code, grpc.aio.Metadata(), trailing, details)

    async def _send(self) -> None:
        read, write = self._context.read, self._call.write
        try:
            while (message := await read()) is not grpc.aio.EOF:
                self._pending.note_request(message)
                await write(message)
            await self._call.done_writing()
        except (grpc.RpcError, grpc.aio.BaseError, asyncio.InvalidStateError):
            pass  # the worker has ended the stream; what it said is read by ``_receive``

    async def _receive(self) -> None:
        read, write = self._call.read, self._context.write
        while (message := await read()) is not grpc.aio.EOF:
            self._pending.note_response(message)
            await write(message)
            self._answered = True

    async def _report_loss(self) -> None:
        if self._answered:
            draining = pb.Draining(last_sequence_id=self._pending.last_id)
            await self._context.write(pb.DetectResponse(draining=draining).SerializeToString())
            for dropped in self._pending.drop():
                await self._context.write(pb.DetectResponse(dropped=dropped).SerializeToString())
        raise lost_error("the worker process of this stream has ended; resume at this address")


def _result_now(answer: Coroutine[Any, Any, T]) -> T:
    """Returns the result of a coroutine that has nothing to wait for."""
    try:
        answer.send(None)
    except StopIteration as done:
        return cast("T", done.value)
    raise AssertionError("a call that has ended has its status")


async def proxy_call(context: Context, method: str, request: bytes, worker: Worker) -> bytes:
    """Has a worker answer a unary call.

    Raises:
        StreamError: WORKER_LOST; another worker may answer.
        grpc.aio.AbortError: The call has ended as the worker said.
    """
    call, metadata = worker.method(method), metadata_to_pass_on(context)
    try:
        return await call(request, timeout=context.time_remaining(), metadata=metadata)
    except grpc.aio.AioRpcError as error:
        if not _is_lost(worker, error) and not worker.is_leaving:
            await _abort_with(context, error)
        raise lost_error("the worker process of this call has ended; call again") from error


def _is_lost(worker: Worker, error: grpc.aio.AioRpcError) -> bool:
    """Returns whether a call ended because its worker did.

    All errors of a worker have a reason; the status that gRPC itself sets has none.
    """
    metadata: Any = error.trailing_metadata() or ()
    reasons = [reason_of(value) for key, value in metadata if key == _STATUS]
    if "SERVER_DRAINING" in reasons:
        worker.is_leaving = True
    return error.code() in _LOST and not reasons


async def _abort_with(context: Context, error: grpc.aio.AioRpcError) -> NoReturn:
    metadata = tuple(error.trailing_metadata() or ())
    await context.abort(error.code(), error.details() or "", metadata)
    raise error
