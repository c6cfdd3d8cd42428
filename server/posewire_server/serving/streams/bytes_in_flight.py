"""The bytes that frames may hold at the server, shared among all streams and calls.

A stream may hold as much as it leaves free for others (the dynamic threshold of shared buffers in
switches, Choudhury and Hahne 1998): of N greedy streams each gets a share of 1 / (N + 1), and there
is always room for one that comes. A frame larger than what is free waits until enough of the
others' have been worked on, and goes first then; one larger than the whole is let in alone.
"""

import contextlib
from collections.abc import Callable, Iterator

from posewire_server.frame import EncodedImage, Frame, RawImage, VideoPacket
from posewire_server.serving.streams.refusal import bytes_exhausted


class BytesInFlight:
    """Counts the bytes of frames that are accepted and not yet worked on to their end.

    Args:
        limit_bytes: Most of them.

    Attributes:
        limit_bytes: As given.
        held_bytes: Those of now.
    """

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self.held_bytes = 0
        self._line: dict[Share, int] = {}

    def fits(self, share: "Share", size: int) -> bool:
        """Whether a share may take so many bytes now."""
        reserved = self._reserved_bytes(share) if self._line else 0
        if not self.held_bytes and not reserved:
            return True
        return share.held_bytes + size <= self.limit_bytes - self.held_bytes - reserved

    def move(self, size: int) -> None:
        """Takes bytes, or gives some back where ``size`` is negative."""
        self.held_bytes += size
        if size < 0 and self._line:
            for share in self._line:
                share.wake()

    def line_up(self, share: "Share", size: int) -> None:
        """Has a share be told whenever bytes have become free."""
        self._line[share] = size

    def leave_line(self, share: "Share") -> None:
        """Undoes :meth:`line_up`."""
        if self._line.pop(share, None) is not None:
            for other in self._line:
                other.wake()

    def _reserved_bytes(self, share: "Share") -> int:
        """Returns what is kept for the first that waits with nothing in flight, but ``share``."""
        for other, size in self._line.items():
            if not other.held_bytes:
                return 0 if other is share else size
        return 0


class Share:
    """What one stream, or the single calls together, hold of it.

    Args:
        whole: Of this.
        wake: Called when there may be room for a frame that waits.

    Attributes:
        held_bytes: Those of now.
    """

    def __init__(self, whole: BytesInFlight, wake: Callable[[], None] = lambda: None) -> None:
        self.held_bytes = 0
        self.wake = wake
        self._whole = whole

    @property
    def limit_bytes(self) -> int:
        """Most bytes that all shares may hold together."""
        return self._whole.limit_bytes

    def fits(self, size: int) -> bool:
        """Whether there is room for a frame of so many bytes."""
        return self._whole.fits(self, size)

    def take(self, size: int) -> None:
        """Holds the bytes of a frame."""
        self.held_bytes += size
        self._whole.move(size)

    def give_back(self, size: int) -> None:
        """Lets go of a frame's bytes."""
        self.held_bytes -= size
        self._whole.move(-size)

    @contextlib.contextmanager
    def hold(self, size: int) -> Iterator[None]:
        """Holds the bytes of a frame for a ``with`` block.

        Raises:
            StreamError: BYTES_EXHAUSTED.
        """
        if not self.fits(size):
            raise bytes_exhausted(self.limit_bytes)
        self.take(size)
        try:
            yield
        finally:
            self.give_back(size)

    def line_up(self, size: int) -> None:
        """Waits for room for so many bytes; :attr:`wake` is called when to look again."""
        self._whole.line_up(self, size)

    def leave_line(self) -> None:
        """Waits no more."""
        self._whole.leave_line(self)


def bytes_of(frame: Frame) -> int:
    """Returns what a frame holds of the server's memory."""
    source = frame.source
    if isinstance(source, EncodedImage):
        return len(source.data)
    if isinstance(source, RawImage):
        return len(source.pixels)
    return len(source.data) if isinstance(source, VideoPacket) else 0
