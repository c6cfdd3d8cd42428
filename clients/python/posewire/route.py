"""Route of a stream: the targets of its connections, one after the other."""

from collections import deque
from collections.abc import Iterable, Sequence


class Route:
    """Targets in turn; what a server says when it ends a stream comes before the caller's own.

    Args:
        targets: The caller's, best first; at least one.

    Attributes:
        target: That of the connection of now.
    """

    def __init__(self, targets: Sequence[str]) -> None:
        self.target = targets[0]
        self._own = tuple(targets)
        self._ahead: deque[str] = deque()
        self._hints: tuple[str, ...] = ()
        self._refusals: set[str] = set()

    def __len__(self) -> int:
        return len(self._own)

    def note_hints(self, hints: Iterable[str]) -> None:
        """Takes what the server of now says about where to go on."""
        self._hints = tuple(hints)

    def note_refusal(self, *, refused: bool) -> bool:
        """Counts the targets that refused one after the other; returns whether all the own did.

        Args:
            refused: Whether the current target refused; otherwise the count starts again.
        """
        self._refusals = self._refusals | {self.target} if refused else set()
        return self._refusals.issuperset(self._own)

    def move_on(self, *, stays: bool) -> bool:
        """Chooses the next target; returns whether it is another one.

        Args:
            stays: Whether to remain where it is, unless there is a hint.
        """
        before = self.target
        if self._hints:
            self._ahead, self._hints = deque(self._hints), ()
        elif not self._ahead and not stays:
            after = self._own.index(before) + 1 if before in self._own else 0
            self._ahead = deque(self._own[after:] + self._own[:after])
        elif stays:
            return False
        self.target = self._ahead.popleft()
        return self.target != before
