"""Fair priority queue over streams."""

from collections.abc import Iterator
from typing import Final, Generic, TypeVar

from posewire_server.frame import Priority

T = TypeVar("T")

# Most turns of four that higher priorities take while lower ones wait.
_TURNS_OF_FOUR: Final = 3


class PriorityQueue(Generic[T]):
    """Fair priority queue of distinct items: first in, first out within each priority.

    Higher priorities come first, but leave one turn in four to lower ones: no item starves.
    """

    def __init__(self) -> None:
        self._waiting: dict[Priority, dict[T, None]] = {
            priority: {} for priority in sorted(Priority, reverse=True)
        }
        self._turns = dict.fromkeys(Priority, 0)  # of each priority while lower ones waited

    def __len__(self) -> int:
        return sum(len(items) for items in self._waiting.values())

    def __iter__(self) -> Iterator[T]:
        """Yields the items by priority, the highest first, then in the order of their arrival."""
        for items in self._waiting.values():
            yield from items

    def push(self, item: T, priority: Priority) -> None:
        """Adds an item behind those of its priority, unless the queue has it."""
        self._waiting[priority].setdefault(item)

    def remove(self, item: T, priority: Priority) -> None:
        """Removes an item of a priority, wherever it waits."""
        del self._waiting[priority][item]

    def clear(self) -> None:
        """Removes all items."""
        for items in self._waiting.values():
            items.clear()

    def peek(self, above: int = 0) -> T | None:
        """Returns the item whose turn it is, of priorities above a bound; None if none waits."""
        chosen = None
        for priority, items in self._waiting.items():
            if items and priority > above:
                chosen = items
                if self._turns[priority] < _TURNS_OF_FOUR:
                    break
        return next(iter(chosen)) if chosen else None

    def count_turn(self, priority: Priority) -> None:
        """Counts a turn of a priority, after its items were removed."""
        for other, items in self._waiting.items():
            if other > priority:
                self._turns[other] = 0
            elif other < priority and items:
                self._turns[priority] += 1
                return
