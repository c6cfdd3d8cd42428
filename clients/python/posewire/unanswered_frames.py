"""Frames of a stream that were sent and have no outcome yet."""

from posewire.errors import ProtocolError
from posewire.wire import Request


class UnansweredFrames:
    """Unanswered frames by their sequence ids, with the time at which each was sent.

    Args:
        keeps: Whether to keep their requests, to send them again.
    """

    def __init__(self, *, keeps: bool) -> None:
        self._keeps = keeps
        self._sent: dict[int, tuple[Request | None, float]] = {}

    def __len__(self) -> int:
        return len(self._sent)

    def add(self, request: Request, sent_at_s: float) -> None:
        """Adds a frame that is being sent."""
        kept = request if self._keeps else None
        self._sent[request.frame.sequence_id] = kept, sent_at_s

    def answer(self, sequence_id: int) -> float:
        """Removes one frame and returns the time at which it was sent.

        Raises:
            ProtocolError: The frame was never sent, or has an outcome already.
        """
        sent = self._sent.pop(sequence_id, None)
        if sent is None:
            raise ProtocolError(f"the server answered frame {sequence_id}, which awaits no answer")
        return sent[1]

    def answer_range(self, first: int, last: int) -> dict[int, Request | None]:
        """Removes all frames between two ids, both included, and returns them.

        Raises:
            ProtocolError: There are none.
        """
        ids = [number for number in self._sent if first <= number <= last]
        if not ids:
            raise ProtocolError(f"the server dropped frames {first} to {last}; none awaited one")
        return {number: self._sent.pop(number)[0] for number in ids}

    def take_all(self) -> dict[int, Request | None]:
        """Removes and returns all frames."""
        frames = {number: request for number, (request, _) in self._sent.items()}
        self._sent.clear()
        return frames
