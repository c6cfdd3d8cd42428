"""A processor that answers every frame with its number."""

from collections.abc import Callable

from posewire_server.frame import Frame
from posewire_server.inference.scheduling.frame_context import FrameContext


class EchoProcessor:
    """Attributes:
    left_out: Numbers of the frames that were not worked on.
    closed: Whether the stream has closed it.
    """

    def __init__(self, note: Callable[[Frame], None] = lambda _: None) -> None:
        self._note = note
        self.left_out: list[int] = []
        self.closed = False

    def run(self, frame: Frame, _context: FrameContext) -> int:
        self._note(frame)
        return frame.sequence_id

    def leave_out(self, frame: Frame) -> None:
        self.left_out.append(frame.sequence_id)

    def close(self) -> None:
        assert not self.closed, "closed twice"
        self.closed = True
