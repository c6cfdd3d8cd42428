"""Queue of the frames of a stream whose work has not begun, oldest first."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from posewire_server.errors import ErrorReason, StreamError
from posewire_server.frame import Frame
from posewire_server.inference.scheduling.frame_context import FrameContext
from posewire_server.outcome import Dropped, DropReason
from posewire_server.serving.streams.reorder_buffer import PendingOutcome
from posewire_server.serving.streams.timers import DeadlineTimer

T = TypeVar("T")


@dataclass(eq=False)
class AcceptedFrame(Generic[T]):
    """Frame of a stream from its acceptance to the end of its work.

    Attributes:
        frame: The frame.
        context: Its context.
        pending: Its outcome.
        size_bytes: Its share of the bytes in flight.
        begun_s: Monotonic time when its work began.
    """

    frame: Frame
    context: FrameContext
    pending: PendingOutcome[T]
    size_bytes: int = 0
    begun_s: float = 0.0

    def dropped(self, reason: DropReason) -> Dropped:
        """Returns the outcome of the frame if it is dropped."""
        number = self.frame.sequence_id
        return Dropped(number, number, 1, reason)


class FrameQueue(Generic[T]):
    """Queue that takes out frames whose deadline passes.

    Args:
        expire: Called with each of these.

    Attributes:
        in_turn: Whether only the oldest frame may be taken out, since the others build on it.
    """

    def __init__(self, expire: Callable[[AcceptedFrame[T]], None], *, in_turn: bool) -> None:
        self.in_turn = in_turn
        self._expire = expire
        self._frames: deque[AcceptedFrame[T]] = deque()
        self._deadlines = DeadlineTimer(self._expire_late)

    def __len__(self) -> int:
        return len(self._frames)

    def __iter__(self) -> Iterator[AcceptedFrame[T]]:
        return iter(self._frames)

    def add(self, accepted: AcceptedFrame[T]) -> None:
        """Appends the newest frame."""
        self._frames.append(accepted)
        self._deadlines.set(accepted.context.deadline_s)

    def pop(self) -> AcceptedFrame[T]:
        """Removes and returns the oldest frame."""
        oldest = self._frames.popleft()
        if self._frames:
            self._deadlines.set(self._frames[0].context.deadline_s)
        return oldest

    def close(self) -> None:
        """Forgets all frames."""
        self._frames.clear()
        self._deadlines.stop()

    def _expire_late(self) -> float:
        """Takes out frames whose deadline has passed; returns the next deadline."""
        most = 1 if self.in_turn else None
        for accepted in list(self._frames)[:most]:
            if accepted.context.is_late:
                self._frames.remove(accepted)
                self._expire(accepted)
        rest = list(self._frames)[:most]
        return min((accepted.context.deadline_s for accepted in rest), default=float("inf"))


def queue_full(max_in_flight: int) -> StreamError:
    """Returns QUEUE_FULL."""
    text = f"{max_in_flight} frames are unanswered; send the next one after the next outcome"
    return StreamError(ErrorReason.QUEUE_FULL, text, max_in_flight=max_in_flight)
