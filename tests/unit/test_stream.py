import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from posewire_server.errors import SourceError
from posewire_server.frame import EncodedImage, Frame
from posewire_server.outcome import Dropped, DropReason, Failed
from posewire_server.stream import Notice, OverflowPolicy, Stream, StreamSettings
from posewire_server.ticket import Ticket

from tests.serving.hand_pool import HandPool, hand_dispatcher
from tests.serving.virtual_loop import run, until_idle

BLOCK, DROP_OLDEST, REJECT_NEW = OverflowPolicy


def frame(number: int) -> Frame:
    return Frame(number, EncodedImage(b""))


@dataclass
class Desk:
    """A stream with a reader that is fed and a writer that runs at will."""

    stream: Stream
    pool: HandPool
    written: list[object] = field(default_factory=list)
    may_write: asyncio.Event = field(default_factory=asyncio.Event)
    offers: list["asyncio.Task[None]"] = field(default_factory=list)

    async def offer(self, *numbers: int) -> None:
        for number in numbers:
            self.offers.append(asyncio.create_task(self.stream.offer(frame(number))))
            await until_idle()

    async def work(self, index: int = 0) -> None:
        self.pool.run(index)
        await until_idle()

    async def write(self) -> None:
        async for outcome in self.stream.outcomes():
            self.written.append(outcome)
            await self.may_write.wait()

    @property
    def accepted(self) -> int:
        return sum(offer.done() for offer in self.offers)


@asynccontextmanager
async def desk(
    settings: StreamSettings, *, workers: int = 1, reads: bool = True
) -> AsyncIterator[Desk]:
    dispatcher, pool = hand_dispatcher(workers)
    stream = Stream(settings, dispatcher, lambda ticket: ticket.frame.sequence_id)
    made = Desk(stream, pool)
    if reads:
        made.may_write.set()
    writer = asyncio.create_task(made.write())
    try:
        yield made
    finally:
        writer.cancel()
        for offer in made.offers:
            offer.cancel()


def test_stream_block_accepts_no_more_than_max_in_flight() -> None:
    async def main() -> None:
        async with desk(StreamSettings(2, BLOCK)) as at:
            await at.offer(0, 1, 2)
            assert at.accepted == 2
            assert at.stream.credit == 0
            await at.work()
            assert at.accepted == 3
            assert at.written == [0]

    run(main())


def test_stream_block_counts_an_outcome_until_it_is_read() -> None:
    async def main() -> None:
        async with desk(StreamSettings(1, BLOCK), reads=False) as at:
            await at.offer(0)
            await at.work()
            assert at.written == [0]
            await at.offer(1)
            await at.work()
            await at.offer(2)
            assert at.accepted == 2
            at.may_write.set()
            await until_idle()
            assert at.accepted == 3

    run(main())


def test_stream_drop_oldest_answers_the_newest_and_announces_the_rest() -> None:
    async def main() -> None:
        async with desk(StreamSettings(2, DROP_OLDEST)) as at:
            await at.offer(10, 20, 30, 40)
            assert at.accepted == 4
            await at.work()
            await at.work()
            assert at.written == [10, Dropped(20, 30, 2, DropReason.OVERFLOW), 40]

    run(main())


def test_stream_drop_oldest_works_on_one_frame_at_a_time() -> None:
    async def main() -> None:
        async with desk(StreamSettings(4, DROP_OLDEST), workers=3) as at:
            await at.offer(0, 1, 2)
            assert len(at.pool.begun) == 1

    run(main())


def test_stream_drop_oldest_as_done_announces_drops_at_once() -> None:
    async def main() -> None:
        async with desk(StreamSettings(2, DROP_OLDEST, in_order=False)) as at:
            await at.offer(0, 1, 2)
            assert at.written == [Dropped(1, 1, 1, DropReason.OVERFLOW)]

    run(main())


def test_stream_reject_new_answers_queue_full() -> None:
    async def main() -> None:
        async with desk(StreamSettings(2, REJECT_NEW, in_order=False)) as at:
            await at.offer(0, 1, 2)
            (refused,) = at.written
            assert isinstance(refused, Failed)
            assert refused.sequence_id == 2
            assert refused.error.reason == "QUEUE_FULL"
            assert refused.error.metadata == {"max_in_flight": "2"}
            await at.work()
            await at.offer(3)
            await at.work()
            await at.work()
            assert at.written[1:] == [0, 1, 3]

    run(main())


@pytest.mark.parametrize("number", [5, 4, 0])
def test_stream_id_that_does_not_rise_is_an_error_of_that_frame_alone(number: int) -> None:
    async def main() -> None:
        async with desk(StreamSettings(4)) as at:
            await at.offer(5, number, 6)
            await at.work()
            await at.work()
            first, refused, last = at.written
            assert (first, last) == (5, 6)
            assert isinstance(refused, Failed)
            assert refused.sequence_id == number
            assert refused.error.reason == "SEQUENCE_NOT_INCREASING"
            assert refused.error.metadata == {
                "sequence_id": str(number),
                "last_sequence_id": "5",
            }

    run(main())


def test_stream_failed_frame_keeps_its_place_and_its_number() -> None:
    async def main() -> None:
        async with desk(StreamSettings(4)) as at:
            failed = Failed(1, SourceError("SOURCE_MISSING", "no source"))
            await at.offer(0)
            await at.stream.offer(failed)
            await at.offer(1)
            await at.work()
            assert at.written[:2] == [0, failed]
            assert isinstance(at.written[2], Failed)
            assert at.written[2].error.reason == "SEQUENCE_NOT_INCREASING"

    run(main())


def test_stream_frame_past_the_age_limit_is_dropped_without_work() -> None:
    async def main() -> None:
        async with desk(StreamSettings(4, max_frame_age_s=1.0)) as at:
            await at.offer(0, 1, 2, 3)
            for ticket, _ in list(at.stream._waiting)[:2]:
                ticket.arrived_s -= 2.0
            await at.work()
            await at.work()
            assert at.written == [0, Dropped(1, 2, 2, DropReason.TOO_OLD), 3]
            assert not at.pool.begun
            assert at.stream.credit == 4

    run(main())


def test_stream_heartbeat_comes_after_silence_only() -> None:
    async def main() -> None:
        async with desk(StreamSettings(4, heartbeat_interval_s=1.0)) as at:
            await asyncio.sleep(0.9)
            assert at.written == []
            await asyncio.sleep(0.2)
            assert at.written == [Notice.HEARTBEAT]
            await asyncio.sleep(0.8)
            await at.offer(0)
            await at.work()
            await asyncio.sleep(0.9)
            assert at.written == [Notice.HEARTBEAT, 0]
            await asyncio.sleep(0.2)
            assert at.written == [Notice.HEARTBEAT, 0, Notice.HEARTBEAT]

    run(main())


def test_stream_heartbeat_is_not_put_off_by_frames_that_come() -> None:
    async def main() -> None:
        settings = StreamSettings(2, DROP_OLDEST, heartbeat_interval_s=1.0)
        async with desk(settings) as at:
            for number in range(21):
                await at.offer(number)
                await asyncio.sleep(0.1)
            assert at.written == [Notice.HEARTBEAT, Notice.HEARTBEAT]

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
            assert at.written == [Notice.DRAINING]
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
            assert running.cancelled
            assert at.accepted == 3
            assert not at.stream._waiting
            await at.work()
            assert not at.pool.begun
            assert not at.stream._running
            assert at.written == []

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
            assert len(at.stream._outbox) < 1100
            tail.cancel()

    async def offer_forever(stream: Stream) -> None:
        for number in range(1, 10_000):
            await stream.offer(frame(number))

    run(main())


def test_stream_streams_share_workers_by_turns() -> None:
    async def main() -> None:
        dispatcher, pool = hand_dispatcher(1)
        order: list[str] = []

        def named(name: str) -> Stream:
            def work(_ticket: Ticket) -> None:
                order.append(name)

            return Stream(StreamSettings(16), dispatcher, work)

        crowd, single = named("crowd"), named("single")
        for number in range(8):
            await crowd.offer(frame(number))
        await single.offer(frame(0))
        while pool.begun:
            pool.run()
            await until_idle()
        assert order.index("single") <= 2

    run(main())
