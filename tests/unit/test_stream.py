import pytest
from posewire_server.errors import SourceError
from posewire_server.frame import Frame, VideoCodec, VideoPacket
from posewire_server.inference.scheduling.frame_context import now_s
from posewire_server.outcome import Dropped, DropReason, Failed
from posewire_server.serving.streams.stream import Stream
from posewire_server.serving.streams.stream_settings import OverflowPolicy, StreamSettings

from tests.serving.desk import ample_share, desk, frame
from tests.serving.echo_processor import EchoProcessor
from tests.serving.hand_pool import hand_dispatcher
from tests.serving.virtual_loop import run, until_idle

BLOCK, DROP_OLDEST, REJECT_NEW = OverflowPolicy


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


def test_stream_block_counts_a_frames_age_from_its_arrival() -> None:
    async def main() -> None:
        async with desk(StreamSettings(1, BLOCK)) as at:
            await at.offer(0, 1)
            before_acceptance_s = now_s()
            await at.work()
            (accepted,) = at.stream._running
            assert accepted.frame.sequence_id == 1
            assert accepted.context.arrived_s < before_acceptance_s

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


def test_stream_packets_of_a_video_are_worked_on_one_at_a_time() -> None:
    async def main() -> None:
        async with desk(StreamSettings(4), workers=3) as at:
            for number in range(3):
                packet = VideoPacket(VideoCodec.H264, number == 0, None, b"")
                await at.stream.offer(Frame(number, packet))
                assert len(at.pool.begun) == 1
            for _ in range(3):
                await at.work()
            assert at.written == [0, 1, 2]

    run(main())


def test_stream_frame_that_is_refused_is_left_out() -> None:
    async def main() -> None:
        dispatcher, _ = hand_dispatcher(1)
        work = EchoProcessor()
        stream = Stream(StreamSettings(1, REJECT_NEW), dispatcher, work, ample_share())
        for number in (3, 2, 4):
            await stream.offer(frame(number))
        assert work.left_out == [2, 4]

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
            for accepted in list(at.stream._waiting)[:2]:
                accepted.context.arrived_s -= 2.0
            await at.work()
            await at.work()
            assert at.written == [0, Dropped(1, 2, 2, DropReason.TOO_OLD), 3]
            assert not at.pool.begun
            assert at.stream.credit == 2

    run(main())


def test_stream_streams_share_workers_by_turns() -> None:
    async def main() -> None:
        dispatcher, pool = hand_dispatcher(1)
        order: list[str] = []

        def named(name: str) -> Stream[int]:
            def work(_frame: Frame) -> None:
                order.append(name)

            return Stream(StreamSettings(16), dispatcher, EchoProcessor(work), ample_share())

        crowd, single = named("crowd"), named("single")
        for number in range(8):
            await crowd.offer(frame(number))
        await single.offer(frame(0))
        while pool.begun:
            pool.run()
            await until_idle()
        assert order.index("single") <= 2

    run(main())
