"""Latest frames of a live source, for a consumer that is slower than the source."""

import threading
from collections.abc import Generator, Iterable
from dataclasses import replace

from posewire_server.frame import VideoPacket
from posewire_server.tools.media.source import SourceFrame


def latest_frames(
    source: Iterable[SourceFrame],
) -> Generator[tuple[SourceFrame, list[SourceFrame]]]:
    """Yields the latest frame of a source, and the frames it replaced since the last one.

    A thread reads the source; it ends with the source, or at the frame after this iterator was
    closed. Replaced frames lose their picture, so memory stays bounded. Packets of a video keep
    theirs: they are small, and later packets depend on them.

    Raises:
        Exception: Any error of the source, after the frames before it.
    """
    slot = _LatestFrame()
    thread = threading.Thread(target=slot.fill, args=(source,), name="latest-frames", daemon=True)
    thread.start()
    try:
        while (taken := slot.take()) is not None:
            yield taken
    finally:
        slot.close()


class _LatestFrame:
    """Slot for the latest frame."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._frame: SourceFrame | None = None
        self._overtaken: list[SourceFrame] = []
        self._done = False
        self._error: Exception | None = None

    def fill(self, source: Iterable[SourceFrame]) -> None:
        try:
            for frame in source:
                if not self._put(frame):
                    return
        except Exception as error:
            self._error = error
        finally:
            self.close()

    def take(self) -> tuple[SourceFrame, list[SourceFrame]] | None:
        """Waits for a frame; returns None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._frame is not None or self._done)
            if self._frame is not None:
                taken = self._frame, self._overtaken
                self._frame, self._overtaken = None, []
                return taken
        if self._error is not None:
            raise self._error
        return None

    def close(self) -> None:
        with self._changed:
            self._done = True
            self._changed.notify_all()

    def _put(self, frame: SourceFrame) -> bool:
        with self._changed:
            if self._frame is not None:
                self._overtaken.append(_without_picture(self._frame))
            self._frame = frame
            self._changed.notify_all()
            return not self._done


def _without_picture(frame: SourceFrame) -> SourceFrame:
    return frame if isinstance(frame.image, VideoPacket) else replace(frame, image=b"")
