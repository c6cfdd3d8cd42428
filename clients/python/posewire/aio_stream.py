"""One Detect stream over grpc.aio."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Iterable
from contextlib import aclosing
from typing import TypeAlias

import grpc
import grpc.aio

from posewire.errors import PosewireError, error_from
from posewire.feed import AsyncFrameFeed
from posewire.frame import FrameLike
from posewire.outcome import Outcome
from posewire.session import Session
from posewire.v1.keypoint_service_pb2 import DetectResponse
from posewire.wire import Request

DetectMethod: TypeAlias = "grpc.aio.StreamStreamMultiCallable[Request, DetectResponse]"
DetectCall: TypeAlias = "grpc.aio.StreamStreamCall[Request, DetectResponse]"


class AsyncDetectStream:
    """Frames in, outcomes out, over as many connections as it takes."""

    def __init__(
        self,
        method: DetectMethod,
        frames: Iterable[FrameLike] | AsyncIterable[FrameLike],
        session: Session,
    ) -> None:
        self._method = method
        self._session = session
        self._feed = AsyncFrameFeed(frames)
        self._changed = asyncio.Event()
        self._error: PosewireError | None = None

    async def outcomes(self) -> AsyncGenerator[Outcome]:
        """Yields the outcome of every frame; ends when the frames have ended.

        Raises:
            PosewireError: The stream failed for good.
            Exception: Whatever iterating the caller's frames raised, after the outcomes owed.
        """
        delay_s: float | None = 0.0
        try:
            while delay_s is not None:
                await asyncio.sleep(delay_s)
                async with aclosing(self._connect()) as outcomes:
                    async for outcome in outcomes:
                        yield outcome
                lost = self._session.close(self._error)
                if lost is not None:
                    yield lost
                if self._feed.error is not None:
                    raise self._feed.error
                delay_s = self._session.next_delay_s(self._error, source_done=self._feed.done)
        finally:
            await self._feed.close()

    async def _connect(self) -> AsyncGenerator[Outcome]:
        """Yields the outcomes of one connection; what ended it is left in ``_error``."""
        self._error = None
        call = self._method()
        writer = asyncio.create_task(self._write(call, self._session.open()))
        try:
            async for response in call:
                outcome = self._session.receive(response)
                self._changed.set()
                if outcome is not None:
                    yield outcome
        except grpc.RpcError as failure:
            self._error = error_from(failure)
            self._error.__cause__ = failure
        finally:
            writer.cancel()
            call.cancel()
            await asyncio.wait([writer])

    async def _write(self, call: DetectCall, first: Request) -> None:
        request: Request | None = first
        while request is not None:
            if not await _succeeds(call.write(request)):
                return
            request = await self._next_request()
        await _succeeds(call.done_writing())

    async def _next_request(self) -> Request | None:
        while not self._session.has_room:
            if self._session.is_draining:
                return None
            self._changed.clear()
            await self._changed.wait()
        request = await self._feed.take()
        if request is not None:
            self._session.note_sent(request.frame.sequence_id)
        return request


async def _succeeds(write: Awaitable[None]) -> bool:
    """Whether a write could be done; if not, the call is over and its reader learns why."""
    try:
        await write
    except Exception:  # some of grpc.aio's are of no public type
        return False
    return True
