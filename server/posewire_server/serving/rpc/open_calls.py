"""Open calls of a server: how many there may be, and their end when the server drains."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from posewire_server.errors import ErrorReason, StreamError
from posewire_server.serving.rpc.error_status import draining_error


class OpenCalls:
    """Calls that have begun and not ended.

    Attributes:
        is_draining: Whether no more may begin.
    """

    def __init__(self) -> None:
        self.is_draining = False
        self._tasks: set[asyncio.Task[Any]] = set()

    def begin(self) -> None:
        """Counts the call that is this task until it ends.

        Raises:
            StreamError: SERVER_DRAINING.
        """
        self.refuse_if_draining()
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def refuse_if_draining(self) -> None:
        """Raises SERVER_DRAINING if no more calls may begin.

        Raises:
            StreamError: SERVER_DRAINING.
        """
        if self.is_draining:
            raise draining_error()

    async def ended(self, timeout_s: float | None = None) -> None:
        """Waits until the calls that are open now have ended, or the time is over."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=timeout_s)

    def __len__(self) -> int:
        return len(self._tasks)


def too_many_streams(limit: int) -> StreamError:
    """Returns TOO_MANY_STREAMS."""
    text = f"{limit} streams are open, as many as are allowed; retry with back-off"
    return StreamError(ErrorReason.TOO_MANY_STREAMS, text, max_streams=limit)


def too_many_calls(limit: int) -> StreamError:
    """Returns QUEUE_FULL."""
    text = f"{limit} calls are unanswered; retry with back-off"
    return StreamError(ErrorReason.QUEUE_FULL, text, max_in_flight=limit)


class StreamLimiter:
    """Limits the streams, or the calls, that are open at once."""

    def __init__(self, limit: int, error: Callable[[int], StreamError] = too_many_streams) -> None:
        self.open = 0
        self._limit = limit
        self._error = error

    @contextlib.contextmanager
    def take(self) -> Iterator[None]:
        """Counts one more for a ``with`` block.

        Raises:
            StreamError: TOO_MANY_STREAMS or QUEUE_FULL.
        """
        if self.open >= self._limit:
            raise self._error(self._limit)
        self.open += 1
        try:
            yield
        finally:
            self.open -= 1
