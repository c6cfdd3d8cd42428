"""Bytes that frames may hold at the server, shared among all streams.

A stream may hold as much as it leaves free for others (the dynamic threshold of shared buffers in
switches, Choudhury and Hahne 1998): each of N greedy streams gets a share of 1 / (N + 1), and there
is always room for a new one. A frame larger than the free bytes waits until enough frames of others
have been worked on, and then goes first; one larger than the limit is accepted if it is alone.
"""

from collections.abc import Callable

from posewire_server.frame import EncodedImage, Frame, RawImage, VideoPacket


class BytesInFlight:
    """Counter of the bytes of accepted frames whose work has not ended."""

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self.held_bytes = 0
        self._waiting: dict[ByteShare, int] = {}

    def fits(self, share: "ByteShare", size: int) -> bool:
        """Whether a share may take ``size`` bytes now."""
        reserved = self._reserved_bytes(share) if self._waiting else 0
        if not self.held_bytes and not reserved:
            return True
        return share.held_bytes + size <= self.limit_bytes - self.held_bytes - reserved

    def move(self, size: int) -> None:
        """Takes bytes, or gives some back if ``size`` is negative."""
        self.held_bytes += size
        if size < 0 and self._waiting:
            for share in self._waiting:
                share.wake()

    def wait_for(self, share: "ByteShare", size: int) -> None:
        """Wakes a share whenever bytes have become free."""
        self._waiting[share] = size

    def stop_waiting(self, share: "ByteShare") -> None:
        """Wakes the share no more."""
        if self._waiting.pop(share, None) is not None:
            for other in self._waiting:
                other.wake()

    def _reserved_bytes(self, share: "ByteShare") -> int:
        """Returns the bytes kept for the first share that waits with nothing in flight.

        None are kept from ``share`` if that is the first.
        """
        for other, size in self._waiting.items():
            if not other.held_bytes:
                return 0 if other is share else size
        return 0


class ByteShare:
    """Bytes in flight of one stream.

    Attributes:
        wake: Called when there may be room for a frame that waits.
    """

    def __init__(self, whole: BytesInFlight) -> None:
        self.held_bytes = 0
        self.wake: Callable[[], object] = lambda: None
        self._whole = whole

    @property
    def limit_bytes(self) -> int:
        """Most bytes that all shares may hold together."""
        return self._whole.limit_bytes

    def fits(self, size: int) -> bool:
        """Whether there is room for a frame of ``size`` bytes."""
        return self._whole.fits(self, size)

    def take(self, size: int) -> None:
        """Holds the bytes of a frame."""
        self.held_bytes += size
        self._whole.move(size)

    def give_back(self, size: int) -> None:
        """Frees the bytes of a frame."""
        self.held_bytes -= size
        self._whole.move(-size)

    def wait_for(self, size: int) -> None:
        """Waits for room for ``size`` bytes; :attr:`wake` is called when to look again."""
        self._whole.wait_for(self, size)

    def stop_waiting(self) -> None:
        """Waits no more."""
        self._whole.stop_waiting(self)


def bytes_of(frame: Frame) -> int:
    """Returns how many bytes of the server's memory a frame holds."""
    source = frame.source
    if isinstance(source, EncodedImage):
        return len(source.data)
    if isinstance(source, RawImage):
        return len(source.pixels)
    return len(source.data) if isinstance(source, VideoPacket) else 0
