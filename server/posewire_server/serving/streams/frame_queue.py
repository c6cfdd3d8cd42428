"""Queue of the frames of a stream whose work has not begun, oldest first."""

import asyncio
import math
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from posewire_server.frame import Frame
from posewire_server.inference.scheduling.frame_context import FrameContext, now_s
from posewire_server.outcome import Dropped, DropReason
from posewire_server.serving.streams.reorder_buffer import PendingOutcome

T = TypeVar("T")
# Event loops count in milliseconds; a timer that is early would have to be set once more.
_LATE_S: Final = 0.001


@dataclass(eq=False)
class AcceptedFrame(Generic[T]):
    """Frame of a stream from its acceptance to the end of its work.

    Attributes:
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
    """Queue that takes out frames whose deadline passes, with one timer for all of them.

    Args:
        expire: Called on the event loop with each frame that is taken out.

    Attributes:
        in_turn: Whether only the oldest frame may be taken out, since the others build on it.
    """

    def __init__(self, expire: Callable[[AcceptedFrame[T]], None], *, in_turn: bool) -> None:
        self.in_turn = in_turn
        self._expire = expire
        self._frames: deque[AcceptedFrame[T]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_s = math.inf

    def __len__(self) -> int:
        return len(self._frames)

    def __iter__(self) -> Iterator[AcceptedFrame[T]]:
        return iter(self._frames)

    def add(self, accepted: AcceptedFrame[T]) -> None:
        """Appends the newest frame."""
        self._frames.append(accepted)
        self._set_timer(accepted.context.deadline_s)

    def pop(self) -> AcceptedFrame[T]:
        """Removes and returns the oldest frame."""
        oldest = self._frames.popleft()
        if self._frames:
            self._set_timer(self._frames[0].context.deadline_s)
        return oldest

    def close(self) -> None:
        """Forgets all frames, for good."""
        self._frames.clear()
        self._stop_timer()
        del self._expire  # a method of the stream that has the queue: a reference cycle

    def _set_timer(self, at_s: float) -> None:
        if at_s >= self._timer_s:
            return
        self._stop_timer()
        self._timer_s = at_s
        delay_s = max(0.0, at_s - now_s()) + _LATE_S
        self._timer = asyncio.get_running_loop().call_later(delay_s, self._expire_late)

    def _stop_timer(self) -> None:
        self._timer_s = math.inf
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expire_late(self) -> None:
        self._stop_timer()
        most = 1 if self.in_turn else None
        for accepted in list(self._frames)[:most]:
            if accepted.context.is_late:
                self._frames.remove(accepted)
                self._expire(accepted)
        rest = list(self._frames)[:most]
        self._set_timer(min((accepted.context.deadline_s for accepted in rest), default=math.inf))
