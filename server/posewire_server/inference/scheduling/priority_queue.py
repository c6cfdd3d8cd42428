"""Who waits, in the order of their turns."""

from collections.abc import Iterator
from typing import Final, Generic, TypeVar

from posewire_server.frame import Priority

T = TypeVar("T")

# Of four turns, as many go to higher priorities where lower ones wait.
_TURNS_OF_FOUR: Final = 3


class PriorityQueue(Generic[T]):
    """Items that wait, each once: higher priorities first, first come first served in each.

    Higher priorities leave one turn in four to lower ones that wait, so that nobody starves.
    """

    def __init__(self) -> None:
        self._waiting: dict[Priority, dict[T, None]] = {
            priority: {} for priority in sorted(Priority, reverse=True)
        }
        self._passed = dict.fromkeys(Priority, 0)  # turns over the heads of lower ones

    def __len__(self) -> int:
        return sum(len(items) for items in self._waiting.values())

    def __iter__(self) -> Iterator[T]:
        """Yields the items by priority, then in the order they came in."""
        for items in self._waiting.values():
            yield from items

    def add(self, item: T, priority: Priority) -> None:
        """Puts an item behind those of its priority, unless it is in line."""
        self._waiting[priority].setdefault(item)

    def remove(self, item: T, priority: Priority) -> None:
        """Takes an item out of the line."""
        del self._waiting[priority][item]

    def clear(self) -> None:
        """Takes all out of the line."""
        for items in self._waiting.values():
            items.clear()

    def first(self, above: int = 0) -> T | None:
        """Returns whose turn it is, among priorities above a bound; None where nobody waits."""
        chosen = None
        for priority, items in self._waiting.items():
            if items and priority > above:
                chosen = items
                if self._passed[priority] < _TURNS_OF_FOUR:
                    break
        return next(iter(chosen)) if chosen else None

    def note_turn(self, priority: Priority) -> None:
        """Notes that one of a priority, out of the line by now, has had its turn."""
        for other, items in self._waiting.items():
            if other > priority:
                self._passed[other] = 0
            elif other < priority and items:
                self._passed[priority] += 1
                return
