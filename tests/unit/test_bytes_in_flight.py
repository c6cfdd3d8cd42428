import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from posewire_server.frame import (
    EncodedImage,
    Frame,
    PixelFormat,
    RawImage,
    SharedMemoryImage,
    Source,
    VideoCodec,
    VideoPacket,
)
from posewire_server.outcome import Dropped, DropReason, Failed
from posewire_server.serving.streams.bytes_in_flight import ByteShare, BytesInFlight, bytes_of
from posewire_server.serving.streams.stream_settings import OverflowPolicy, StreamSettings

from tests.serving.desk import Desk, desk
from tests.serving.virtual_loop import run, until_idle

BLOCK, DROP_OLDEST, REJECT_NEW = OverflowPolicy
RAW = RawImage(PixelFormat.GRAY, 5, 1, 0, memoryview(b"12345"))


@pytest.mark.parametrize(
    ("source", "size"),
    [
        (EncodedImage(b"123"), 3),
        (RAW, 5),
        (VideoPacket(VideoCodec.H264, True, None, b"1234"), 4),
        (SharedMemoryImage("/name", 0, 5, RAW), 0),
    ],
)
def test_bytes_of_a_frame_are_those_that_the_server_holds(source: Source, size: int) -> None:
    assert bytes_of(Frame(0, source)) == size


def test_share_leaves_as_much_as_it_takes() -> None:
    whole = BytesInFlight(100)
    first, second = ByteShare(whole), ByteShare(whole)
    taken = 0
    while first.fits(10):
        first.take(10)
        taken += 10
    assert taken == 50
    assert second.fits(25)
    second.take(20)
    assert not second.fits(20)


def test_share_frame_larger_than_the_whole_is_let_in_alone() -> None:
    whole = BytesInFlight(10)
    first, second = ByteShare(whole), ByteShare(whole)
    assert first.fits(1000)
    first.take(1000)
    assert not second.fits(1)
    first.give_back(1000)
    assert second.fits(1)


def test_share_that_waits_with_nothing_is_served_before_those_that_come() -> None:
    whole = BytesInFlight(100)
    small, woken = ByteShare(whole), []
    large = ByteShare(whole)
    large.wake = lambda: woken.append("large")
    small.take(20)
    small.take(20)
    assert not large.fits(80)
    large.wait_for(80)
    assert not small.fits(1)
    small.give_back(20)
    assert woken == ["large"]
    assert not small.fits(1)
    assert large.fits(80)
    large.stop_waiting()
    assert small.fits(1)


def sized(number: int, size: int = 10) -> Frame:
    return Frame(number, EncodedImage(b"." * size))


def test_stream_block_waits_for_bytes_of_another() -> None:
    async def main() -> None:
        whole = BytesInFlight(40)
        other = ByteShare(whole)
        other.take(40)
        async with desk(StreamSettings(4, BLOCK), share=ByteShare(whole)) as at:
            await at.offer_frames(sized(0), sized(1))
            assert at.accepted == 0
            other.give_back(40)
            await until_idle()
            assert at.accepted == 2
            await at.work()
            await at.work()
            assert at.written == [0, 1]
        assert whole.held_bytes == 0

    run(main())


def test_stream_drop_oldest_makes_room_among_its_own() -> None:
    async def main() -> None:
        whole = BytesInFlight(60)
        async with desk(StreamSettings(9, DROP_OLDEST), share=ByteShare(whole)) as at:
            await at.offer_frames(*(sized(number) for number in range(6)))
            await finish(at)
            assert at.written == [0, Dropped(1, 3, 3, DropReason.OVERFLOW), 4, 5]
        assert whole.held_bytes == 0

    run(main())


@pytest.mark.parametrize("policy", [DROP_OLDEST, REJECT_NEW])
def test_stream_that_does_not_wait_answers_bytes_exhausted(policy: OverflowPolicy) -> None:
    async def main() -> None:
        whole = BytesInFlight(40)
        ByteShare(whole).take(40)
        async with desk(StreamSettings(4, policy), share=ByteShare(whole)) as at:
            await at.offer_frames(sized(0))
            (refused,) = at.written
            assert isinstance(refused, Failed)
            assert refused.error.reason == "BYTES_EXHAUSTED"
            assert at.frames.left_out == [0]

    run(main())


def test_stream_closed_gives_its_bytes_back() -> None:
    async def main() -> None:
        whole = BytesInFlight(1000)
        async with desk(StreamSettings(4), share=ByteShare(whole)) as at:
            await at.offer_frames(sized(0), sized(1), sized(2))
            at.stream.close()
            assert whole.held_bytes == 10
            await at.work()
            assert whole.held_bytes == 0

    run(main())


async def finish(at: Desk) -> None:
    while at.pool.begun:
        await at.work()


@settings(derandomize=True, deadline=None, max_examples=200)
@given(
    limit=st.integers(1, 100),
    sizes=st.lists(st.tuples(st.integers(0, 3), st.integers(1, 120)), max_size=40),
)
def test_streams_that_block_all_get_through(limit: int, sizes: list[tuple[int, int]]) -> None:
    async def main() -> None:
        whole = BytesInFlight(limit)
        async with (
            desk(StreamSettings(3, BLOCK), share=ByteShare(whole)) as a,
            desk(StreamSettings(3, BLOCK), share=ByteShare(whole)) as b,
            desk(StreamSettings(3, DROP_OLDEST), share=ByteShare(whole)) as c,
            desk(StreamSettings(3, REJECT_NEW), share=ByteShare(whole)) as d,
        ):
            desks = (a, b, c, d)
            for number, (which, size) in enumerate(sizes):
                await desks[which].offer_frames(sized(number, size))
                largest = max(size for _, size in sizes[: number + 1])
                assert whole.held_bytes <= max(limit, largest)
            while any(at.pool.begun for at in desks):
                for at in desks:
                    if at.pool.begun:
                        await at.work()
            assert all(offer.done() for at in desks for offer in at.offers)
            for which in (0, 1):
                expected = [number for number, (w, _) in enumerate(sizes) if w == which]
                assert sorted(desks[which].written) == expected  # type: ignore[type-var]
            assert whole.held_bytes == 0

    run(main())
