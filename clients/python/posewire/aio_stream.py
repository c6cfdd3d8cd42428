"""One Detect stream over grpc.aio."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Iterable
from contextlib import aclosing
from typing import TypeAlias

import grpc
import grpc.aio

from posewire.connection import Connections
from posewire.errors import PosewireError, error_from
from posewire.feed import AsyncFrameFeed
from posewire.frame import FrameLike
from posewire.newest import AsyncNewestFrames, NewestFrames
from posewire.outcome import Dropped, DropReason, Outcome
from posewire.session import Ending, Session
from posewire.v1.keypoint_service_pb2 import DetectResponse
from posewire.wire import Request

DetectCall: TypeAlias = "grpc.aio.StreamStreamCall[Request, DetectResponse]"


class AsyncDetectStream:
    """Frames in, outcomes out, over as many connections as it takes."""

    def __init__(
        self,
        connections: Connections[grpc.aio.Channel],
        frames: Iterable[FrameLike] | AsyncIterable[FrameLike],
        session: Session,
    ) -> None:
        self._connections = connections
        self._session = session
        self._newest = _newest(frames) if session.is_paced else None
        self._feed = AsyncFrameFeed(self._newest or frames, session.encoder)
        self._changed = asyncio.Event()
        self._call: DetectCall | None = None
        self._error: PosewireError | None = None

    async def outcomes(self) -> AsyncGenerator[Outcome]:
        """Yields the outcome of every frame; ends when the frames have ended.

        Raises:
            PosewireError: The stream failed for good.
            Exception: Whatever iterating the caller's frames raised, after the outcomes owed.
        """
        ending = Ending(delay_s=0.0)
        sender = asyncio.create_task(self._send())
        try:
            while ending.delay_s is not None:
                await asyncio.sleep(ending.delay_s)
                async with aclosing(self._connect()) as outcomes:
                    async for outcome in outcomes:
                        yield outcome
                ending = self._session.close(self._error, source_done=self._feed.done)
                if ending.lost is not None:
                    yield ending.lost
        finally:
            if self._newest is not None:
                self._newest.close()
            await _end(sender)
        for dropped in self._left_out():
            yield dropped
        error = self._feed.error or ending.error
        if error is not None:
            raise error

    async def _connect(self) -> AsyncGenerator[Outcome]:
        """Yields the outcomes of one connection; what ended it is left in ``_error``."""
        self._error = None
        call = self._connections.get(self._session.target).detect()
        helping = [asyncio.create_task(self._begin(call, self._session.open()))]
        if self._session.heartbeat_timeout.is_watched:
            helping.append(asyncio.create_task(self._watch(call)))
        try:
            async for response in call:
                outcome = self._session.receive(response)
                self._changed.set()
                for dropped in self._left_out():
                    yield dropped
                if outcome is not None:
                    yield outcome
                self._session.listen()
        except grpc.RpcError as failure:
            self._error = error_from(failure)
            self._error.__cause__ = failure
        except asyncio.CancelledError:
            self._error = self._session.heartbeat_timeout.error
            if self._error is None or _is_cancelled():
                raise
        finally:
            self._call = None
            call.cancel()
            await _end(*helping)

    def _left_out(self) -> tuple[Dropped, ...]:
        ids = self._newest.take_left_out() if self._newest is not None else ()
        return (Dropped(ids, DropReason.NOT_SENT),) if ids else ()

    async def _watch(self, call: DetectCall) -> None:
        """Cancels a connection when the server sends no heartbeat."""
        while (left_s := self._session.heartbeat_timeout.left_s()) > 0:
            await asyncio.sleep(left_s)
        call.cancel()

    async def _begin(self, call: DetectCall, first: Request) -> None:
        """Sends what comes before new frames: the config, and what an earlier connection left."""
        await _succeeds(call.write(first))
        while self._session.has_again and not self._session.is_draining:
            if not self._session.has_room:
                self._changed.clear()
                await self._changed.wait()
            elif (request := self._session.send_again()) is not None:
                await _succeeds(call.write(request))
        if self._feed.done or self._session.is_draining:
            await _succeeds(call.done_writing())
        else:
            self._call = call
            self._changed.set()

    async def _send(self) -> None:
        """Sends the frames, each over the connection there is when it is at hand."""
        await self._room()
        while (request := await self._feed.take()) is not None:
            call = await self._room()
            self._session.note_sent(request)
            await _succeeds(call.write(request))
            await self._room()
        if self._call is not None:
            await _succeeds(self._call.done_writing())

    async def _room(self) -> DetectCall:
        """Returns the connection once a new frame may be sent over it."""
        while self._call is None or not self._session.has_room:
            if self._call is not None and self._session.is_draining:
                ending, self._call = self._call, None
                await _succeeds(ending.done_writing())
                continue
            self._changed.clear()
            await self._changed.wait()
        return self._call


def _newest(
    frames: Iterable[FrameLike] | AsyncIterable[FrameLike],
) -> NewestFrames | AsyncNewestFrames:
    if isinstance(frames, AsyncIterable):
        return AsyncNewestFrames(frames)
    return NewestFrames(frames)


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def _end(*tasks: "asyncio.Task[None]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


async def _succeeds(write: Awaitable[None]) -> bool:
    """Whether a write could be done; if not, the call is over and its reader learns why."""
    try:
        await write
    except Exception:  # some of grpc.aio's are of no public type
        return False
    return True
