"""The newest frame of a live source, for streams that send only what the server has use for."""

import asyncio
import threading
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from dataclasses import replace

from posewire.frame import Frame, FrameLike


class Newest:
    """Keeps the newest of the frames that come, and the ids of those whose place it took."""

    def __init__(self) -> None:
        self._frame: Frame | None = None
        self._left_out: list[int] = []
        self._next_id = 0

    def put(self, frame: FrameLike) -> None:
        """Takes a frame, in place of the one before if that was not taken."""
        self.leave_out()
        frame = frame if isinstance(frame, Frame) else Frame(frame)
        number = self._next_id if frame.sequence_id is None else frame.sequence_id
        self._next_id = number + 1
        self._frame = replace(frame, sequence_id=number)

    def take(self) -> Frame | None:
        """Returns the newest frame, once."""
        frame, self._frame = self._frame, None
        return frame

    def leave_out(self) -> None:
        """Leaves out the newest frame, if it was not taken."""
        if self._frame is not None and self._frame.sequence_id is not None:
            self._left_out.append(self._frame.sequence_id)
        self._frame = None

    def take_left_out(self) -> tuple[int, ...]:
        """Returns the ids of the frames that were left out since the last time."""
        if not self._left_out:
            return ()
        left_out, self._left_out = tuple(self._left_out), []
        return left_out


class NewestFrames(Iterator[Frame]):
    """Pulls frames in a thread as they come; the next one is always the newest.

    Args:
        frames: Of a live source; each with pixels of its own.
    """

    def __init__(self, frames: Iterable[FrameLike]) -> None:
        self._frames = frames
        self._newest = Newest()
        self._changed = threading.Condition()
        self._ended = self._closed = False
        self._error: Exception | None = None
        threading.Thread(target=self._pull, name="posewire-newest", daemon=True).start()

    def __next__(self) -> Frame:
        frame: Frame | None = None
        with self._changed:
            while (frame := self._newest.take()) is None and not self._ended:
                self._changed.wait()
        if frame is not None:
            return frame
        raise self._error or StopIteration

    def take_left_out(self) -> tuple[int, ...]:
        """Returns the ids of the frames that were left out since the last time."""
        with self._changed:
            return self._newest.take_left_out()

    def close(self) -> None:
        """Has no more frames, and pulls none once the source has given its next one."""
        with self._changed:
            self._closed = self._ended = True
            self._newest.leave_out()
            self._changed.notify_all()

    def _pull(self) -> None:
        try:
            for frame in self._frames:
                with self._changed:
                    if self._closed:
                        return
                    self._newest.put(frame)
                    self._changed.notify()
        except Exception as error:
            self._error = error
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()


class AsyncNewestFrames(AsyncIterator[Frame]):
    """:class:`NewestFrames` of an asynchronous source, pulled in a task."""

    def __init__(self, frames: AsyncIterable[FrameLike]) -> None:
        self._frames = frames
        self._newest = Newest()
        self._changed = asyncio.Event()
        self._error: Exception | None = None
        self._pulling = asyncio.create_task(self._pull())

    async def __anext__(self) -> Frame:
        while (frame := self._newest.take()) is None:
            if self._pulling.done():
                raise self._error or StopAsyncIteration
            self._changed.clear()
            await self._changed.wait()
        return frame

    def take_left_out(self) -> tuple[int, ...]:
        """Returns the ids of the frames that were left out since the last time."""
        return self._newest.take_left_out()

    def close(self) -> None:
        """Pulls no more."""
        self._pulling.cancel()
        self._newest.leave_out()

    async def _pull(self) -> None:
        try:
            async for frame in self._frames:
                self._newest.put(frame)
                self._changed.set()
        except Exception as error:
            self._error = error
        finally:
            asyncio.get_running_loop().call_soon(self._changed.set)
