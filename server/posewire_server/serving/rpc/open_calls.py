"""The calls that a server has to see to their end before it may go."""

import asyncio
from typing import Any

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
        """Raises StreamError, SERVER_DRAINING, where no more calls may begin."""
        if self.is_draining:
            raise draining_error()

    async def ended(self, timeout_s: float | None = None) -> None:
        """Waits until those that are open now have ended, or the time is over."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=timeout_s)

    def __len__(self) -> int:
        return len(self._tasks)
