"""One frame's context through a pipeline: whether to go on, and where its time goes."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Literal

from posewire_server.frame import Priority
from posewire_server.outcome import Timings

Stage = Literal["wait", "decode", "infer", "post"]


def _always(_stage: str) -> None:
    pass


class FrameContext:
    """Books the time of one frame's stages.

    Args:
        check: Called with the name of each stage before it; raises to stop the work.
        waited_s: Seconds the frame waited before.
        priority: Whose turn comes first where frames wait for one another.

    Attributes:
        priority: As given.
        is_preparing: Whether it is on its way to a network.
    """

    def __init__(
        self,
        check: Callable[[str], None] = _always,
        waited_s: float = 0.0,
        priority: Priority = Priority.NORMAL,
    ) -> None:
        self.priority = priority
        self.is_preparing = True
        self._check = check
        self._last = ""
        self._spent_s: dict[Stage, float] = {"wait": waited_s, "decode": 0, "infer": 0, "post": 0}

    def stage(self, name: Stage) -> "_Stage":
        """Checks before a new stage, and books the time of a ``with`` block."""
        if name != self._last:
            self.check(name)
            self.is_preparing = name == "decode"
        return _Stage(self, name)

    def check(self, name: Stage) -> None:
        """Asks whether to go on; raises where not."""
        self._last = name
        self._check(name)

    def book(self, name: Stage, seconds: float) -> None:
        """Adds to the time of a stage."""
        self._spent_s[name] += seconds

    @property
    def timings(self) -> Timings:
        """The time booked so far."""
        spent_s = self._spent_s
        return Timings(spent_s["wait"], spent_s["decode"], spent_s["infer"], spent_s["post"])


class _Stage:
    def __init__(self, context: FrameContext, name: Stage) -> None:
        self._context = context
        self._name = name
        self._begin_s = 0.0

    def __enter__(self) -> None:
        self._begin_s = time.perf_counter()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._context.book(self._name, time.perf_counter() - self._begin_s)
