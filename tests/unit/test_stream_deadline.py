import asyncio

from posewire_server.outcome import Failed
from posewire_server.serving.streams.stream_settings import OverflowPolicy, StreamSettings

from tests.serving.desk import Desk, desk
from tests.serving.virtual_loop import run

AS_DONE = StreamSettings(8, in_order=False)
LIVE = StreamSettings(8, OverflowPolicy.DROP_OLDEST, in_order=False)


def reasons(at: Desk) -> list[tuple[int, str]]:
    failed = [outcome for outcome in at.written if isinstance(outcome, Failed)]
    return [(outcome.sequence_id, outcome.error.reason) for outcome in failed]


def test_stream_deadline_passes_while_a_frame_waits_is_answered_then() -> None:
    async def main() -> None:
        async with desk(AS_DONE) as at:
            await at.offer(0)
            await at.offer(1, deadline_s=0.0)
            await at.offer(2)
            await at.offer(3, deadline_s=0.0)
            await asyncio.sleep(0.01)
            expected = "FRAME_DEADLINE_EXCEEDED"
            assert reasons(at) == [(1, expected), (3, expected)]
            assert at.frames.left_out == [1, 3]
            await at.work()
            await at.work()
            assert at.written[2:] == [0, 2]
            assert not at.pool.begun

    run(main())


def test_stream_deadline_far_away_lets_its_frame_be() -> None:
    async def main() -> None:
        async with desk(AS_DONE) as at:
            await at.offer(0)
            await at.offer(1, deadline_s=3600.0)
            await at.offer(2, deadline_s=0.0)
            await asyncio.sleep(0.01)
            assert [number for number, _ in reasons(at)] == [2]
            await at.work()
            await at.work()
            assert at.written[1:] == [0, 1]

    run(main())


def test_stream_that_works_on_one_frame_at_a_time_answers_late_ones_in_their_order() -> None:
    async def main() -> None:
        async with desk(LIVE) as at:
            await at.offer(0)
            await at.offer(1)
            await at.offer(2, 3, deadline_s=0.0)
            await asyncio.sleep(0.01)
            assert at.written == []
            await at.work()
            await asyncio.sleep(0.01)
            assert at.frames.left_out == [2, 3]
            await at.work()

    run(main())


def test_stream_closed_with_deadlines_to_come_leaves_no_timer() -> None:
    async def main() -> None:
        async with desk(AS_DONE) as at:
            await at.offer(0)
            await at.offer(1, deadline_s=0.0)
            at.stream.close()
            assert at.stream._waiting._timer is None
            await asyncio.sleep(0.01)
            assert at.written == []
            await at.work()

    run(main())
