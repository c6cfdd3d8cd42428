import asyncio

import pytest
from posewire_server.outcome import ControlMessage, Dropped, DropReason
from posewire_server.serving.streams.stream import Stream
from posewire_server.serving.streams.stream_settings import OverflowPolicy, StreamSettings

from tests.serving.desk import desk, frame
from tests.serving.virtual_loop import run, until_idle

BLOCK, DROP_OLDEST, REJECT_NEW = OverflowPolicy


def test_stream_heartbeat_comes_after_silence_only() -> None:
    async def main() -> None:
        async with desk(StreamSettings(4, heartbeat_interval_s=1.0)) as at:
            await asyncio.sleep(0.9)
            assert at.written == []
            await asyncio.sleep(0.2)
            assert at.written == [ControlMessage.HEARTBEAT]
            await asyncio.sleep(0.8)
            await at.offer(0)
            await at.work()
            await asyncio.sleep(0.9)
            assert at.written == [ControlMessage.HEARTBEAT, 0]
            await asyncio.sleep(0.2)
            assert at.written == [ControlMessage.HEARTBEAT, 0, ControlMessage.HEARTBEAT]

    run(main())


def test_stream_heartbeat_is_not_put_off_by_frames_that_come() -> None:
    async def main() -> None:
        settings = StreamSettings(2, DROP_OLDEST, heartbeat_interval_s=1.0)
        async with desk(settings) as at:
            for number in range(21):
                await at.offer(number)
                await asyncio.sleep(0.1)
            assert at.written == [ControlMessage.HEARTBEAT, ControlMessage.HEARTBEAT]

    run(main())


def test_stream_finish_ends_after_what_is_owed() -> None:
    async def main() -> None:
        async with desk(StreamSettings(4)) as at:
            await at.offer(0, 1)
            ended = asyncio.create_task(at.write())
            at.stream.finish()
            await until_idle()
            assert not ended.done()
            await at.work()
            await at.work()
            assert at.written == [0, 1]
            await ended

    run(main())


def test_stream_drain_tells_answers_what_it_has_and_drops_what_comes() -> None:
    async def main() -> None:
        async with desk(StreamSettings(2, BLOCK)) as at:
            await at.offer(0, 1, 2)
            at.stream.drain()
            await at.offer(3)
            assert at.accepted == 4
            assert at.written == [ControlMessage.DRAINING]
            assert at.stream.credit == 0
            await at.work()
            await at.work()
            assert at.written[1:] == [0, 1, Dropped(2, 3, 2, DropReason.DRAINING)]

    run(main())


def test_stream_drain_after_finish_tells_nothing() -> None:
    async def main() -> None:
        async with desk(StreamSettings(2)) as at:
            at.stream.finish()
            at.stream.drain()
            await until_idle()
            assert at.written == []

    run(main())


def test_stream_close_ends_at_once_and_cancels_work() -> None:
    async def main() -> None:
        async with desk(StreamSettings(2, BLOCK)) as at:
            await at.offer(0, 1, 2)
            (running,) = at.stream._running
            at.stream.close()
            await until_idle()
            assert running.context.is_cancelled
            assert at.accepted == 3
            assert not at.stream._waiting
            await at.work()
            assert not at.pool.begun
            assert not at.stream._running
            assert at.written == []

    run(main())


@pytest.mark.parametrize("policy", list(OverflowPolicy))
def test_stream_close_leaves_the_work_alone_whatever_still_comes(policy: OverflowPolicy) -> None:
    async def main() -> None:
        async with desk(StreamSettings(1, policy)) as at:
            await at.offer(0)
            await at.work()
            at.stream.close()
            assert at.frames.closed
            await at.offer(1, 2, 1)
            assert at.accepted == 4
            assert at.frames.left_out == []

    run(main())


@pytest.mark.parametrize("policy", list(OverflowPolicy))
def test_stream_that_is_never_read_stops_taking_frames(policy: OverflowPolicy) -> None:
    async def main() -> None:
        async with desk(StreamSettings(2, policy), reads=False) as at:
            await at.offer(0)
            await at.work()
            tail = asyncio.create_task(offer_forever(at.stream))
            await until_idle()
            assert not tail.done()
            assert len(at.stream._outcomes) < 1100
            tail.cancel()

    async def offer_forever(stream: Stream[int]) -> None:
        for number in range(1, 10_000):
            await stream.offer(frame(number))

    run(main())
