"""The outcomes a stream owes: their order, and neighbouring drops joined into one."""

from collections import deque
from dataclasses import dataclass

from posewire_server.outcome import Dropped


@dataclass(eq=False)
class Owed:
    """An outcome owed.

    Attributes:
        previous_id: Sequence id of the frame accepted before; tells which drops are neighbours.
        counts: Whether its frame takes a place in flight until the outcome is read.
        outcome: The outcome once it is known.
    """

    previous_id: int
    counts: bool = True
    outcome: object | None = None


class Outbox:
    """Outcomes between being owed and being read.

    Args:
        in_order: Whether they are read in the order they were owed in, or as they become known.
    """

    def __init__(self, *, in_order: bool) -> None:
        self._in_order = in_order
        self._owed: deque[Owed] = deque()
        self._unknown = 0
        self._ready: deque[Owed] = deque()

    def __len__(self) -> int:
        return len(self._ready) + (len(self._owed) if self._in_order else self._unknown)

    def owe(self, previous_id: int) -> Owed:
        """Makes a place for the outcome of a frame."""
        owed = Owed(previous_id)
        self._unknown += 1
        if self._in_order:
            self._owed.append(owed)
        return owed

    def resolve(self, owed: Owed, outcome: object) -> None:
        """Fills a place; what can be read now becomes ready."""
        owed.outcome = outcome
        self._unknown -= 1
        if not self._in_order:
            self._emit(owed)
            return
        while self._owed and self._owed[0].outcome is not None:
            self._emit(self._owed.popleft())

    def pop(self) -> Owed | None:
        """Returns the next outcome to send, or None if none is ready."""
        return self._ready.popleft() if self._ready else None

    def _emit(self, owed: Owed) -> None:
        last = self._ready[-1] if self._ready else None
        joined = _join(last.outcome, owed) if last else None
        if last is not None and joined is not None:
            last.outcome = joined
        else:
            self._ready.append(owed)


def _join(earlier: object, owed: Owed) -> Dropped | None:
    later = owed.outcome
    if not isinstance(earlier, Dropped) or not isinstance(later, Dropped):
        return None
    if earlier.reason is not later.reason or owed.previous_id != earlier.last:
        return None
    return Dropped(earlier.first, later.last, earlier.count + later.count, later.reason)
