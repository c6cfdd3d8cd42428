"""Context of one frame in flight: whether its answer is still wanted, and where its time goes."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from posewire_server.errors import ErrorReason, LocalReason, PosewireError, StreamError
from posewire_server.frame import Priority
from posewire_server.outcome import Timings

Stage = Literal["wait", "decode", "infer", "post"]
now_s = time.monotonic


class FrameCancelledError(PosewireError):
    """The caller is gone; never sent."""


class FrameContext:
    """Context of a frame from its arrival to its outcome, handed down unchanged to the batcher.

    Args:
        arrived_s: Monotonic time of the frame's arrival; None: now.
        timeout_s: Seconds from the arrival after which the answer is of no use; None: no limit.

    Attributes:
        deadline_s: Monotonic time after which the answer is of no use.
        is_cancelled: Whether nobody waits for the answer; set by any thread.
        is_preparing: Whether the frame is on its way to a network.
    """

    def __init__(
        self,
        arrived_s: float | None = None,
        timeout_s: float | None = None,
        priority: Priority = Priority.NORMAL,
    ) -> None:
        self.arrived_s = now_s() if arrived_s is None else arrived_s
        self.deadline_s = math.inf if timeout_s is None else self.arrived_s + timeout_s
        self.priority = priority
        self.is_cancelled = False
        self.is_preparing = True
        self._last: Stage | None = None
        self._spent_s: dict[Stage, float] = {"wait": 0, "decode": 0, "infer": 0, "post": 0}

    @property
    def is_late(self) -> bool:
        """Whether the deadline has passed."""
        return now_s() > self.deadline_s

    @contextmanager
    def stage(self, name: Stage) -> Iterator[None]:
        """Checks before a new stage, and books its time; the time before the first is waiting.

        Raises:
            PosewireError: See ``check``.
        """
        if self._last is None:
            self.book("wait", now_s() - self.arrived_s)
        if name != self._last:
            self.check(name)
            self.is_preparing = name == "decode"
        begin_s = time.perf_counter()
        try:
            yield
        finally:
            self.book(name, time.perf_counter() - begin_s)

    def check(self, name: Stage) -> None:
        """Checks before a stage that the answer is still wanted.

        Raises:
            FrameCancelledError: The call or the stream has ended.
            StreamError: FRAME_DEADLINE_EXCEEDED.
        """
        self._last = name
        if self.is_cancelled:
            raise FrameCancelledError(LocalReason.CANCELLED, "the caller is gone")
        if self.is_late:
            raise late_error(name)

    def book(self, name: Stage, seconds: float) -> None:
        """Adds to the time of a stage."""
        self._spent_s[name] += seconds

    @property
    def timings(self) -> Timings:
        """The time booked until now."""
        spent_s = self._spent_s
        return Timings(spent_s["wait"], spent_s["decode"], spent_s["infer"], spent_s["post"])


def late_error(stage: Stage) -> StreamError:
    """Returns FRAME_DEADLINE_EXCEEDED of a frame whose ``stage`` was not begun."""
    text = f"the deadline passed before stage '{stage}'; allow more time or send fewer frames"
    return StreamError(ErrorReason.FRAME_DEADLINE_EXCEEDED, text, stage=stage)
