import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from posewire_server.tools.media.remote_detector import SentFrames
from posewire_server.tools.media.source import SourceFrame


class Slow:
    """A source whose second frame comes when it is let go."""

    name = "slow"
    is_live = True
    is_video = True
    fps = 30.0
    frame_count: int | None = None

    def __init__(self) -> None:
        self.asked, self.let_go = threading.Event(), threading.Event()
        self.is_read = self.is_released = False

    def __iter__(self) -> Iterator[SourceFrame]:
        try:
            yield SourceFrame("frame 0", b"picture", datetime.now(UTC))
            self.is_read = True
            self.asked.set()
            self.let_go.wait(10)
            self.is_read = False
            yield SourceFrame("frame 1", b"picture", datetime.now(UTC))
        finally:
            self.is_released = True


def test_sent_frames_are_kept_until_their_outcome() -> None:
    frames = SentFrames(Slow())
    sent = next(frames)
    assert (sent.sequence_id, sent.source) == (0, b"picture")
    assert frames.take(0).name == "frame 0"
    with pytest.raises(KeyError):
        frames.take(0)


def test_sent_frames_closed_wait_for_the_thread_that_reads() -> None:
    source = Slow()
    frames = SentFrames(source)
    pulled: list[int | None] = []
    reader = threading.Thread(target=lambda: pulled.extend(each.sequence_id for each in frames))
    reader.start()
    assert source.asked.wait(10)
    threading.Timer(0.05, source.let_go.set).start()
    frames.close()
    assert not source.is_read
    assert source.is_released
    reader.join(10)
    assert pulled == [0, 1]
