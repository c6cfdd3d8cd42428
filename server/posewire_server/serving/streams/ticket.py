"""One accepted frame's place in the server, from its arrival to its outcome."""

import time
from dataclasses import dataclass, field

from posewire_server.errors import ErrorReason, LocalReason, PosewireError, StreamError
from posewire_server.frame import Frame, Priority

now_s = time.monotonic


class CancelledError(PosewireError):
    """Nobody waits for the answer any more; never sent."""


@dataclass(eq=False)
class Ticket:
    """A frame, when it came, and whether its answer is still wanted.

    Attributes:
        frame: The frame.
        arrived_s: Monotonic time of its arrival.
        priority: Whose turn comes first.
        deadline_s: Monotonic time after which the answer is of no use.
        size_bytes: What it holds of the bytes in flight.
        begun_s: Monotonic time when its work began.
        cancelled: Set from the event loop, read by the frame thread before each stage.
    """

    frame: Frame
    arrived_s: float = field(default_factory=now_s)
    priority: Priority = Priority.NORMAL
    deadline_s: float = float("inf")
    size_bytes: int = 0
    begun_s: float = 0.0
    cancelled: bool = False

    def __post_init__(self) -> None:
        if self.frame.deadline_s is not None:
            self.deadline_s = min(self.deadline_s, self.arrived_s + self.frame.deadline_s)

    @property
    def is_late(self) -> bool:
        """Whether its deadline has passed."""
        return now_s() > self.deadline_s

    @property
    def age_s(self) -> float:
        """Seconds since its arrival."""
        return now_s() - self.arrived_s

    def check(self, stage: str) -> None:
        """Stops work that is of no use any more; called before each stage.

        Raises:
            CancelledError: The call or the stream has ended.
            StreamError: FRAME_DEADLINE_EXCEEDED.
        """
        if self.cancelled:
            raise CancelledError(LocalReason.CANCELLED, "the caller has gone")
        if self.is_late:
            raise late_error(stage)


def late_error(stage: str) -> StreamError:
    """Returns FRAME_DEADLINE_EXCEEDED for a frame of which ``stage`` was not begun."""
    text = f"the deadline passed before stage '{stage}'; allow more time or send fewer frames"
    return StreamError(ErrorReason.FRAME_DEADLINE_EXCEEDED, text, stage=stage)
