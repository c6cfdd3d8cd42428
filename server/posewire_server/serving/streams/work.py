"""What is done with the frames of a stream, as the stream sees it."""

from typing import Protocol

from posewire_server.frame import Frame
from posewire_server.serving.streams.ticket import Ticket


class Work(Protocol):
    """What is done with the frames of a stream; it may keep something from frame to frame."""

    def run(self, ticket: Ticket) -> object:
        """Returns the outcome of a frame; called in a frame thread."""

    def leave_out(self, frame: Frame) -> None:
        """Notes that a frame will not be worked on; called on the event loop."""

    def close(self) -> None:
        """Lets go of what was kept; neither of the others is called afterwards."""
