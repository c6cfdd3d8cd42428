"""An event loop in a thread of the test's process."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from tests.serving.gated_predictor import PATIENCE_S

T = TypeVar("T")


class LoopThread:
    """Runs coroutines for tests that do not wait on an event loop themselves.

    Args:
        name: Of the thread.
    """

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name)

    def submit(self, work: Coroutine[Any, Any, T]) -> "Future[T]":
        """Runs a coroutine on the event loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Returns when a condition holds; it is looked at on the event loop."""
        self.submit(_until(condition)).result(PATIENCE_S)

    def start(self) -> None:
        """Begins to run what is submitted."""
        self._thread.start()

    def end(self) -> None:
        """Ends the event loop and its thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_S)
        self._loop.close()


async def _until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.001)
