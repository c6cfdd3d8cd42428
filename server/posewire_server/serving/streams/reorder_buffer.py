"""Outcomes of a stream between acceptance of their frames and writing: ordered, drops joined."""

from collections import deque
from dataclasses import dataclass
from typing import Generic, TypeVar

from posewire_server.outcome import Dropped, Outcome

T = TypeVar("T")


@dataclass(eq=False)
class PendingOutcome(Generic[T]):
    """Outcome that a stream owes.

    Attributes:
        previous_id: Sequence id of the frame accepted before; tells which drops are neighbours.
        counts: Whether its frame is in flight until the outcome is read.
        outcome: None until it is known.
    """

    previous_id: int
    counts: bool = True
    outcome: Outcome[T] | None = None


class ReorderBuffer(Generic[T]):
    """Buffer of the outcomes of accepted frames.

    Args:
        in_order: Whether outcomes are read in the order of acceptance, or as they become known.
    """

    def __init__(self, *, in_order: bool) -> None:
        self._in_order = in_order
        self._pending: deque[PendingOutcome[T]] = deque()
        self._unknown = 0
        self._ready: deque[PendingOutcome[T]] = deque()

    def __len__(self) -> int:
        return len(self._ready) + (len(self._pending) if self._in_order else self._unknown)

    def reserve(self, previous_id: int) -> PendingOutcome[T]:
        """Adds the pending outcome of a frame."""
        pending: PendingOutcome[T] = PendingOutcome(previous_id)
        self._unknown += 1
        if self._in_order:
            self._pending.append(pending)
        return pending

    def add(self, outcome: Outcome[T]) -> None:
        """Adds the outcome of a frame that was not accepted."""
        pending = self.reserve(-1)
        pending.counts = False
        self.resolve(pending, outcome)

    def resolve(self, pending: PendingOutcome[T], outcome: Outcome[T]) -> None:
        """Sets an outcome; all that can be read now become ready."""
        pending.outcome = outcome
        self._unknown -= 1
        if not self._in_order:
            self._emit(pending)
            return
        while self._pending and self._pending[0].outcome is not None:
            self._emit(self._pending.popleft())

    def pop(self) -> PendingOutcome[T] | None:
        """Returns the next outcome to write, or None if none is ready."""
        return self._ready.popleft() if self._ready else None

    def _emit(self, pending: PendingOutcome[T]) -> None:
        joined = _join(self._ready[-1], pending) if self._ready else None
        if joined is None:
            self._ready.append(pending)
        else:
            self._ready[-1].outcome = joined


def _join(earlier: PendingOutcome[T], later: PendingOutcome[T]) -> Dropped | None:
    """Returns two drops as one; None if they are no neighbours or differ in reason."""
    match earlier.outcome, later.outcome:
        case Dropped() as one, Dropped() as other if (
            one.reason is other.reason and later.previous_id == one.last
        ):
            return Dropped(one.first, other.last, one.count + other.count, one.reason)
    return None
