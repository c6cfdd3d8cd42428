"""An event loop whose clock jumps: tests of timeouts take no time, and a deadlock is an error."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _JumpingSelector(selectors.DefaultSelector):
    now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if not events and timeout is None:
            raise AssertionError("deadlock: every task waits and no timer is set")
        self.now_s += 0.0 if events or timeout is None else max(0.0, timeout)
        return events


class VirtualLoop(asyncio.SelectorEventLoop):
    """Goes on to the next timer as soon as nothing else is left to do."""

    def __init__(self) -> None:
        self._virtual = _JumpingSelector()
        super().__init__(self._virtual)

    def time(self) -> float:
        return self._virtual.now_s


def run(main: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine on a loop of its own."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)


async def until_idle() -> None:
    """Returns when all other tasks wait; the clock moves by a microsecond."""
    await asyncio.sleep(1e-6)
