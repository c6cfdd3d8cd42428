"""The frames of a stream whose work has not begun, oldest first."""

from collections import deque
from collections.abc import Callable, Iterator

from posewire_server.serving.streams.alarm import Alarm
from posewire_server.serving.streams.outbox import Owed
from posewire_server.serving.streams.ticket import Ticket


class Waiting:
    """Frames and the outcomes they are owed; tells of those whose deadline passes meanwhile.

    Args:
        expire: Called with such a frame, which is no longer among those that wait.

    Attributes:
        in_turn: Whether only the oldest may be left out, since the others build on it.
    """

    def __init__(self, expire: Callable[[Ticket, Owed], None], *, in_turn: bool) -> None:
        self.in_turn = in_turn
        self._expire = expire
        self._frames: deque[tuple[Ticket, Owed]] = deque()
        self._deadlines = Alarm(self._look)

    def __len__(self) -> int:
        return len(self._frames)

    def __iter__(self) -> Iterator[tuple[Ticket, Owed]]:
        return iter(self._frames)

    def add(self, ticket: Ticket, owed: Owed) -> None:
        """Appends the newest frame."""
        self._frames.append((ticket, owed))
        self._deadlines.set(ticket.deadline_s)

    def pop(self) -> tuple[Ticket, Owed]:
        """Removes and returns the oldest frame."""
        oldest = self._frames.popleft()
        if self._frames:
            self._deadlines.set(self._frames[0][0].deadline_s)
        return oldest

    def close(self) -> None:
        """Forgets all frames."""
        self._frames.clear()
        self._deadlines.stop()

    def _look(self) -> float:
        """Expires frames whose deadline has passed; returns when to look again."""
        most = 1 if self.in_turn else None
        for ticket, owed in list(self._frames)[:most]:
            if ticket.is_late:
                self._frames.remove((ticket, owed))
                self._expire(ticket, owed)
        return min((t.deadline_s for t, _ in list(self._frames)[:most]), default=float("inf"))
