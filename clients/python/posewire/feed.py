"""The caller's frames as requests, across all connections of a stream."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from concurrent.futures import ThreadPoolExecutor

from posewire.frame import FrameEncoder, FrameLike
from posewire.wire import Request


class FrameFeed:
    """Pulls frames from an iterable; a request that could not be sent can be put back.

    Args:
        frames: The frames.
        encoder: Makes requests of them.

    Attributes:
        done: Whether the frames have ended, by themselves or by an error.
        error: What the caller's iterable, or a frame that cannot be sent, raised.
    """

    def __init__(self, frames: Iterable[FrameLike], encoder: FrameEncoder) -> None:
        self._frames = iter(frames)
        self._encoder = encoder
        self._returned: Request | None = None
        self.done = False
        self.error: Exception | None = None

    def take(self) -> Request | None:
        """Returns the next request, waiting for its frame; None: there are no more."""
        if self._returned is not None:
            request, self._returned = self._returned, None
            return request
        if self.done:
            return None
        try:
            return self._encoder.encode(next(self._frames))
        except StopIteration:
            self.done = True
        except Exception as error:
            self.done, self.error = True, error
        return None

    def put_back(self, request: Request) -> None:
        """Keeps a request for the next :meth:`take`."""
        self._returned = request


class AsyncFrameFeed:
    """Pulls frames for asyncio; arguments and attributes as those of :class:`FrameFeed`."""

    def __init__(
        self, frames: Iterable[FrameLike] | AsyncIterable[FrameLike], encoder: FrameEncoder
    ) -> None:
        self._frames = aiter(frames if isinstance(frames, AsyncIterable) else _in_thread(frames))
        self._encoder = encoder
        self.done = False
        self.error: Exception | None = None

    async def take(self) -> Request | None:
        """Returns the next request, waiting for its frame; None: there are no more."""
        try:
            return self._encoder.encode(await anext(self._frames))
        except StopAsyncIteration:
            self.done = True
        except Exception as error:
            self.done, self.error = True, error
        return None


async def _in_thread(frames: Iterable[FrameLike]) -> AsyncIterator[FrameLike]:
    """Iterates in a thread of its own, since a camera or a file may block."""
    iterator, loop = iter(frames), asyncio.get_running_loop()
    end = object()
    thread = ThreadPoolExecutor(1, "posewire-frames")
    try:
        while (frame := await loop.run_in_executor(thread, next, iterator, end)) is not end:
            yield frame  # type: ignore[misc]
    finally:
        thread.shutdown(wait=False)
