import asyncio
import threading
from collections.abc import AsyncIterator, Iterator

import pytest
from posewire import Frame
from posewire.newest import AsyncNewestFrames, Newest, NewestFrames

PATIENCE_S = 30


def test_newest_takes_the_place_of_the_one_before() -> None:
    newest = Newest()
    for source in (b"0", b"1", b"2"):
        newest.put(source)
    frame = newest.take()
    assert frame is not None
    assert (frame.source, frame.sequence_id) == (b"2", 2)
    assert newest.take() is None
    assert newest.take_left_out() == (0, 1)
    assert newest.take_left_out() == ()


def test_newest_keeps_the_numbers_that_frames_bring() -> None:
    newest = Newest()
    newest.put(Frame(b"", sequence_id=7))
    newest.put(b"")
    newest.put(Frame(b"", sequence_id=20))
    newest.leave_out()
    assert newest.take_left_out() == (7, 8, 20)


def test_newest_frames_are_pulled_while_nobody_asks() -> None:
    pulled, go_on = threading.Event(), threading.Event()

    def source() -> Iterator[bytes]:
        yield from (b"0", b"1", b"2")
        pulled.set()
        assert go_on.wait(PATIENCE_S)
        yield b"3"
        raise OSError("unplugged")

    frames = NewestFrames(source())
    assert pulled.wait(PATIENCE_S)
    assert next(frames).source == b"2"
    assert frames.take_left_out() == (0, 1)
    go_on.set()
    assert next(frames).source == b"3"
    with pytest.raises(OSError, match="unplugged"):
        next(frames)


def test_newest_frames_end_with_their_source() -> None:
    frames = NewestFrames(iter([b"only"]))
    assert [frame.source for frame in frames] == [b"only"]


def test_newest_frames_closed_pull_no_more() -> None:
    go_on, ended = threading.Event(), threading.Event()

    def source() -> Iterator[bytes]:
        try:
            yield b"0"
            assert go_on.wait(PATIENCE_S)
            yield b"1"
            raise AssertionError("pulled on")
        finally:
            ended.set()

    it = source()
    frames = NewestFrames(it)
    assert next(frames).source == b"0"
    (pulling,) = [each for each in threading.enumerate() if each.name == "posewire-newest"]
    frames.close()
    with pytest.raises(StopIteration):
        next(frames)
    go_on.set()
    pulling.join(PATIENCE_S)
    it.close()
    assert ended.is_set()


def test_async_newest_frames_are_pulled_while_nobody_asks() -> None:
    async def main() -> None:
        go_on = asyncio.Event()

        async def source() -> AsyncIterator[bytes]:
            for data in (b"0", b"1", b"2"):
                yield data
            await go_on.wait()
            yield b"3"
            raise OSError("unplugged")

        frames = AsyncNewestFrames(source())
        await asyncio.sleep(0)
        assert (await anext(frames)).source == b"2"
        assert frames.take_left_out() == (0, 1)
        go_on.set()
        assert (await anext(frames)).source == b"3"
        with pytest.raises(OSError, match="unplugged"):
            await anext(frames)

    asyncio.run(main())


def test_async_newest_frames_end_with_their_source() -> None:
    async def main() -> list[object]:
        async def source() -> AsyncIterator[bytes]:
            yield b"only"

        return [frame.source async for frame in AsyncNewestFrames(source())]

    assert asyncio.run(main()) == [b"only"]
