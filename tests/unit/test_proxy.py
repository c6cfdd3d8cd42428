"""How a proxied stream ends, where gRPC tells its user something else than the worker did."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import grpc
import pytest
from grpc import StatusCode
from grpc_status import rpc_status
from posewire_server.errors import EngineError, StreamError
from posewire_server.serving.front.proxy import StreamProxy
from posewire_server.serving.front.worker_pool import Worker
from posewire_server.serving.rpc.error_status import draining_error, to_status

Status = tuple[StatusCode, str, tuple[tuple[str, bytes], ...]]
WRITE_FAILED: Status = (StatusCode.INTERNAL, "Internal error from Core", ())


def draining() -> Status:
    status = rpc_status.to_status(to_status(draining_error()))
    return status.code, status.details, tuple(status.trailing_metadata)


class EndedCall:
    """A call whose status is replaced because a write fails when it comes, as grpc.aio does.

    Args:
        statuses: Of the call, one after the other.
        tells_once: Whether callbacks hear of the first one only; versions of grpc.aio differ.
    """

    def __init__(self, *statuses: Status, tells_once: bool) -> None:
        self._statuses = statuses
        self._tells_once = tells_once
        self._status = statuses[0]
        self._told: list[Callable[[Any], None]] = []

    def add_done_callback(self, callback: Callable[[Any], None]) -> None:
        self._told.append(callback)

    async def code(self) -> StatusCode:
        return self._status[0]

    async def details(self) -> str:
        return self._status[1]

    async def trailing_metadata(self) -> grpc.aio.Metadata:
        return grpc.aio.Metadata(*self._status[2])

    async def read(self) -> bytes:
        for status in self._statuses:
            self._status = status
            for callback in self._told:
                callback(self)
            if self._tells_once:
                self._told = []
        code, details, trailing = self._status
        raise grpc.aio.AioRpcError(code, grpc.aio.Metadata(), grpc.aio.Metadata(*trailing), details)

    def cancel(self) -> None:
        pass


class ClientContext:
    """The call of a client that sends nothing; it keeps how it was ended."""

    def __init__(self) -> None:
        self.ended: Status | None = None

    async def read(self) -> bytes:
        return await asyncio.get_running_loop().create_future()

    async def write(self, message: bytes) -> None:
        raise AssertionError(f"the worker said nothing, not {message!r}")

    async def abort(self, code: StatusCode, details: str, trailing: Any) -> None:
        self.ended = (code, details, tuple(trailing))
        raise grpc.aio.AbortError

    def time_remaining(self) -> None:
        return None

    def invocation_metadata(self) -> tuple[()]:
        return ()

    def peer(self) -> str:
        return "unix:"


def proxy(*statuses: Status, tells_once: bool = True) -> tuple[ClientContext, Worker]:
    """Proxies a stream that a worker ends at once; raises what that ends with."""

    async def run() -> None:
        proxied = StreamProxy(cast("Any", context), worker)
        await proxied.run()

    context = ClientContext()
    ended = SimpleNamespace(
        detect=lambda **_: EndedCall(*statuses, tells_once=tells_once), is_leaving=False
    )
    worker = cast("Worker", ended)
    try:
        asyncio.run(run())
    except grpc.aio.AbortError:
        assert context.ended is not None
    return context, worker


@pytest.mark.parametrize("tells_once", [False, True])
@pytest.mark.parametrize("is_first", [False, True])
def test_proxy_ends_as_the_worker_said_whatever_a_write_met(
    *, is_first: bool, tells_once: bool
) -> None:
    statuses = (draining(), WRITE_FAILED) if is_first else (WRITE_FAILED, draining())
    context, worker = proxy(*statuses, tells_once=tells_once)
    assert context.ended == draining()
    assert worker.is_leaving


def test_proxy_of_a_stream_that_ended_well_ends_well_whatever_a_write_met() -> None:
    context, _ = proxy((StatusCode.OK, "", ()), WRITE_FAILED)
    assert context.ended is None


def test_proxy_of_a_fault_of_the_worker_ends_with_it() -> None:
    status = rpc_status.to_status(to_status(EngineError("ENGINE_FAILED", "it failed")))
    fault = (status.code, status.details, tuple(status.trailing_metadata))
    context, _ = proxy(fault)
    assert context.ended == fault


@pytest.mark.parametrize("status", [WRITE_FAILED, (StatusCode.UNAVAILABLE, "Socket closed", ())])
def test_proxy_without_a_word_of_the_worker_says_that_it_is_lost(status: Status) -> None:
    with pytest.raises(StreamError, match="resume at this address") as caught:
        proxy(status)
    assert caught.value.reason == "WORKER_LOST"
