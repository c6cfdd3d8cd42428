"""Work that answers every frame with its number."""

from collections.abc import Callable

from posewire_server.frame import Frame
from posewire_server.serving.streams.ticket import Ticket


class EchoWork:
    """Attributes:
    run: What is done with a ticket.
    left_out: Numbers of the frames that were not worked on.
    closed: Whether the stream has let go of it.
    """

    def __init__(self, run: Callable[[Ticket], object] = lambda it: it.frame.sequence_id) -> None:
        self.run = run
        self.left_out: list[int] = []
        self.closed = False

    def leave_out(self, frame: Frame) -> None:
        self.left_out.append(frame.sequence_id)

    def close(self) -> None:
        assert not self.closed, "closed twice"
        self.closed = True
