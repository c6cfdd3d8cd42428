import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable

import pytest
from posewire_server.errors import EngineError, PosewireError, SourceError, StreamError
from posewire_server.frame import EncodedImage, Frame, Priority
from posewire_server.outcome import Failed
from posewire_server.serving.streams.dispatch import Calls, Dispatcher
from posewire_server.serving.streams.ticket import CancelledError, Ticket

from tests.serving.hand_pool import hand_dispatcher
from tests.serving.virtual_loop import run, until_idle


def frame(number: int = 0) -> Frame:
    return Frame(number, EncodedImage(b""))


class Queue:
    """A lane of numbered tickets."""

    def __init__(
        self, name: str, count: int, log: list[str], priority: Priority = Priority.NORMAL
    ) -> None:
        self.tickets = deque(Ticket(frame(number)) for number in range(count))
        self.name, self.log, self.priority = name, log, priority
        self.settled: list[object] = []

    def take(self) -> Ticket | None:
        return self.tickets.popleft() if self.tickets else None

    def work(self, ticket: Ticket) -> object:
        self.log.append(self.name)
        return ticket.frame.sequence_id

    def settle(self, _ticket: Ticket, outcome: object) -> None:
        self.settled.append(outcome)


def test_dispatcher_lanes_take_turns_whatever_their_length() -> None:
    async def main() -> None:
        dispatcher, pool = hand_dispatcher(frames=1)
        log: list[str] = []
        lanes = [Queue("a", 4, log), Queue("b", 1, log), Queue("c", 2, log)]
        for lane in (Queue("x", 1, log), *lanes):
            dispatcher.submit(lane)
        while pool.begun:
            pool.run()
            await until_idle()
        assert "".join(log) == "xabcacaa"
        assert [lane.settled for lane in lanes] == [[0, 1, 2, 3], [0], [0, 1]]

    run(main())


def test_dispatcher_runs_as_many_at_once_as_it_is_told() -> None:
    async def main() -> None:
        dispatcher, pool = hand_dispatcher(frames=3)
        dispatcher.submit(Queue("a", 9, []))
        dispatcher.submit(Queue("b", 1, []))
        assert len(pool.begun) == 3
        pool.run(1)
        await until_idle()
        assert len(pool.begun) == 3

    run(main())


def test_dispatcher_higher_priority_is_first_and_leaves_one_turn_in_four() -> None:
    async def main() -> None:
        dispatcher, pool = hand_dispatcher(frames=1)
        log: list[str] = []
        dispatcher.submit(Queue("x", 1, log, Priority.HIGH))
        for lane in (Queue("n", 3, log), Queue("h", 6, log, Priority.HIGH)):
            dispatcher.submit(lane)
        while pool.begun:
            pool.run()
            await until_idle()
        assert "".join(log) == "xhhhnhhhnn"

    run(main())


def test_dispatcher_higher_priority_than_all_that_run_starts_at_once() -> None:
    async def main() -> None:
        dispatcher, pool = hand_dispatcher(frames=2)
        log: list[str] = []
        dispatcher.submit(Queue("n", 9, log))
        assert len(pool.begun) == 2
        dispatcher.submit(Queue("h", 2, log, Priority.HIGH))
        assert len(pool.begun) == 3, "all threads are taken, and one is in reserve"
        pool.run(2)
        await until_idle()
        assert log == ["h"]
        assert len(pool.begun) == 3, "the reserve is for higher ones, so the next one is high too"
        pool.run(2)
        await until_idle()
        assert log == ["h", "h"]
        assert len(pool.begun) == 2, "none is higher than those that run"

    run(main())


def test_dispatcher_lane_that_sends_much_has_a_quarter_of_many_threads() -> None:
    async def main() -> None:
        dispatcher, pool = hand_dispatcher(frames=12)
        log: list[str] = []
        dispatcher.submit(Queue("a", 5, log))
        assert len(pool.begun) == 3
        dispatcher.submit(Queue("b", 2, log))
        assert len(pool.begun) == 5
        pool.run()
        await until_idle()
        assert len(pool.begun) == 5, "one more of the same in its place"
        while pool.begun:
            pool.run()
            await until_idle()
        assert "".join(log) == "aaabbaa"

    run(main())


def test_dispatcher_reserve_is_not_for_the_same_priority() -> None:
    async def main() -> None:
        dispatcher, pool = hand_dispatcher(frames=1)
        dispatcher.submit(Queue("a", 1, [], Priority.HIGH))
        dispatcher.submit(Queue("b", 1, [], Priority.HIGH))
        assert len(pool.begun) == 1

    run(main())


def test_dispatcher_gives_work_to_the_thread_that_was_free_last() -> None:
    """One whose caches are warm, in place of all in turn."""

    class Named(Queue):
        def work(self, ticket: Ticket) -> object:
            self.log.append(threading.current_thread().name)
            return ticket.frame.sequence_id

        def settle(self, ticket: Ticket, outcome: object) -> None:
            super().settle(ticket, outcome)
            done.set()

    async def main() -> None:
        dispatcher = Dispatcher(3)
        for _ in range(9):
            done.clear()
            dispatcher.submit(Named("", 1, names))
            await done.wait()
            await asyncio.sleep(0)  # the thread is free after settling
        dispatcher.close()

    names: list[str] = []
    done = asyncio.Event()
    asyncio.run(main())
    assert len(names) == 9
    assert len(set(names)) == 1


def test_dispatcher_lane_submitted_many_times_is_in_line_once() -> None:
    async def main() -> None:
        dispatcher, pool = hand_dispatcher(frames=1)
        busy, lane = Queue("busy", 1, []), Queue("a", 0, [])
        dispatcher.submit(busy)
        for _ in range(1000):
            dispatcher.submit(lane)
        assert len(dispatcher._line) == 2
        pool.run()
        await until_idle()
        assert not dispatcher._line

    run(main())


def raising(error: Exception) -> Callable[[Ticket], object]:
    def work(_ticket: Ticket) -> object:
        raise error

    return work


def call_once(work: Callable[[Ticket], object]) -> object:
    async def main() -> object:
        dispatcher, pool = hand_dispatcher(frames=1)
        waiting = asyncio.create_task(Calls(dispatcher, 9).run(frame(5), work, None))
        await until_idle()
        pool.run()
        return await waiting

    return run(main())


def test_call_gives_what_its_work_gave() -> None:
    assert call_once(lambda ticket: ticket.frame.sequence_id) == 5


def test_call_domain_error_becomes_its_outcome() -> None:
    error = SourceError("IMAGE_EMPTY", "no bytes")
    assert call_once(raising(error)) == Failed(5, error)


def test_call_unexpected_error_is_logged_and_does_not_leak(
    caplog: pytest.LogCaptureFixture,
) -> None:
    outcome = call_once(raising(RuntimeError("secret /etc/path")))
    assert isinstance(outcome, Failed)
    assert outcome.error.reason == "INTERNAL"
    assert "secret" not in str(outcome.error)
    assert "secret" in caplog.text


def test_call_engine_error_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        call_once(raising(EngineError("ENGINE_FAILED", "tensor 3 of x.cc:17")))
    assert "tensor 3 of x.cc:17" in caplog.text


def test_calls_over_the_limit_are_refused() -> None:
    async def main() -> None:
        dispatcher, pool = hand_dispatcher(frames=1)
        calls = Calls(dispatcher, max_waiting=2)
        waiting = [asyncio.create_task(calls.run(frame(), lambda _: "x", None)) for _ in range(2)]
        await until_idle()
        with pytest.raises(StreamError) as raised:
            await calls.run(frame(), lambda _: "x", None)
        assert raised.value.reason == "QUEUE_FULL"
        assert raised.value.metadata == {"max_in_flight": "2"}
        for task in waiting:
            pool.run()
            await task
        again = asyncio.create_task(calls.run(frame(), lambda _: "y", None))
        await until_idle()
        pool.run()
        assert await again == "y"

    run(main())


def test_call_cancelled_while_it_waits_is_never_worked_on() -> None:
    async def main() -> None:
        dispatcher, pool = hand_dispatcher(frames=1)
        calls = Calls(dispatcher, 9)
        first = asyncio.create_task(calls.run(frame(), lambda _: "x", None))
        second = asyncio.create_task(calls.run(frame(), lambda _: "y", None))
        await until_idle()
        second.cancel()
        await until_idle()
        pool.run()
        assert await first == "x"
        assert not pool.begun

    run(main())


def test_call_cancelled_while_it_is_worked_on_stops_before_its_next_stage() -> None:
    async def main() -> None:
        dispatcher, pool = hand_dispatcher(frames=1)
        stopped: list[PosewireError] = []

        def work(ticket: Ticket) -> None:
            try:
                ticket.check("infer")
            except CancelledError as error:
                stopped.append(error)
                raise

        call = asyncio.create_task(Calls(dispatcher, 9).run(frame(), work, None))
        await until_idle()
        call.cancel()
        await until_idle()
        pool.run()
        await until_idle()
        assert stopped
        assert call.cancelled()

    run(main())


def test_call_whose_deadline_passes_while_it_waits_is_answered_then() -> None:
    async def main() -> None:
        dispatcher, pool = hand_dispatcher(frames=1)
        calls = Calls(dispatcher, 9)
        first = asyncio.create_task(calls.run(frame(), lambda _: "x", None))
        await until_idle()
        outcome = await calls.run(frame(7), lambda _: "y", 0.0)
        assert isinstance(outcome, Failed)
        assert outcome.error.reason == "FRAME_DEADLINE_EXCEEDED"
        assert len(pool.begun) == 1
        pool.run()
        assert await first == "x"
        assert not pool.begun

    run(main())


def test_call_whose_deadline_passes_while_it_is_worked_on_is_answered_by_its_work() -> None:
    async def main() -> None:
        dispatcher, pool = hand_dispatcher(frames=1)
        call = asyncio.create_task(Calls(dispatcher, 9).run(frame(), lambda _: "x", 0.0))
        await asyncio.sleep(1.0)
        assert not call.done()
        pool.run()
        assert await call == "x"

    run(main())


def test_call_time_left_bounds_its_ticket() -> None:
    outcome: list[float] = []

    async def main() -> None:
        dispatcher, pool = hand_dispatcher(frames=1)

        def work(ticket: Ticket) -> None:
            outcome.append(ticket.deadline_s - ticket.arrived_s)

        call = asyncio.create_task(Calls(dispatcher, 9).run(frame(), work, 3.0))
        await until_idle()
        pool.run()
        await call

    run(main())
    assert outcome == pytest.approx([3.0])
