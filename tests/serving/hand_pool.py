"""Frame threads that are moved by hand, so that a test decides what finishes when."""

from collections.abc import Callable
from typing import Any

from posewire_server.serving.streams.dispatcher import Dispatcher


class HandPool:
    """Stands where the dispatcher's threads stand; ``run`` does one piece of the work."""

    def __init__(self) -> None:
        self.begun: list[tuple[Callable[..., object], tuple[Any, ...]]] = []

    def submit(self, function: Callable[..., object], *arguments: Any) -> None:
        self.begun.append((function, arguments))

    def shutdown(self) -> None:
        assert not self.begun, "work was left"

    def run(self, index: int = 0) -> None:
        function, arguments = self.begun.pop(index)
        function(*arguments)


def hand_dispatcher(frames: int) -> tuple[Dispatcher, HandPool]:
    """Returns a real dispatcher over a pool that is moved by hand."""
    dispatcher, pool = Dispatcher(frames), HandPool()
    dispatcher.close()
    dispatcher._threads = [pool]  # type: ignore[list-item]
    dispatcher._free = [pool] * (frames + 1)  # type: ignore[list-item]
    return dispatcher, pool
