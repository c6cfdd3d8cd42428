"""Contexts of frames whose checks a test decides on."""

from collections.abc import Callable

from posewire_server.frame import Priority
from posewire_server.inference.scheduling.frame_context import FrameContext, Stage


class CheckedContext(FrameContext):
    """A context that calls ``check`` with the name of each stage before it."""

    def __init__(
        self, check: Callable[[Stage], None], priority: Priority = Priority.NORMAL
    ) -> None:
        super().__init__(priority=priority)
        self._test_check = check

    def check(self, name: Stage) -> None:
        super().check(name)
        self._test_check(name)
