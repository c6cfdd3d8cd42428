import asyncio
import logging
import threading
from collections import deque
from typing import cast

import pytest
from posewire_server.errors import EngineError, SourceError
from posewire_server.frame import EncodedImage, Frame, Priority
from posewire_server.inference.scheduling.frame_context import FrameContext
from posewire_server.outcome import Answer, Failed, Outcome
from posewire_server.serving.streams.dispatcher import Dispatcher
from posewire_server.serving.streams.frame_queue import AcceptedFrame
from posewire_server.serving.streams.reorder_buffer import PendingOutcome

from tests.serving.hand_pool import hand_dispatcher
from tests.serving.virtual_loop import run, until_idle


def frame(number: int = 0) -> Frame:
    return Frame(number, EncodedImage(b""))


class Queue:
    """A queue of numbered frames."""

    def __init__(
        self, name: str, count: int, log: list[str], priority: Priority = Priority.NORMAL
    ) -> None:
        self.frames = deque(
            AcceptedFrame(frame(number), FrameContext(), PendingOutcome[int](-1))
            for number in range(count)
        )
        self.name, self.log, self.priority = name, log, priority
        self.settled: list[object] = []

    def take(self) -> AcceptedFrame[int] | None:
        return self.frames.popleft() if self.frames else None

    def work(self, accepted: AcceptedFrame[int]) -> int:
        self.log.append(self.name)
        return accepted.frame.sequence_id

    def settle(self, _accepted: AcceptedFrame[int], outcome: Outcome[int]) -> None:
        self.settled.append(outcome.value if isinstance(outcome, Answer) else outcome)


def test_dispatcher_queues_take_turns_whatever_their_length() -> None:
    async def main() -> None:
        dispatcher, pool = hand_dispatcher(frames=1)
        log: list[str] = []
        queues = [Queue("a", 4, log), Queue("b", 1, log), Queue("c", 2, log)]
        for queue in (Queue("x", 1, log), *queues):
            dispatcher.submit(queue)
        while pool.begun:
            pool.run()
            await until_idle()
        assert "".join(log) == "xabcacaa"
        assert [queue.settled for queue in queues] == [[0, 1, 2, 3], [0], [0, 1]]

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
        for queue in (Queue("n", 3, log), Queue("h", 6, log, Priority.HIGH)):
            dispatcher.submit(queue)
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


def test_dispatcher_queue_that_sends_much_has_a_quarter_of_many_threads() -> None:
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
        def work(self, accepted: AcceptedFrame[int]) -> int:
            self.log.append(threading.current_thread().name)
            return accepted.frame.sequence_id

        def settle(self, accepted: AcceptedFrame[int], outcome: Outcome[int]) -> None:
            super().settle(accepted, outcome)
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


def test_dispatcher_queue_submitted_many_times_is_in_line_once() -> None:
    async def main() -> None:
        dispatcher, pool = hand_dispatcher(frames=1)
        busy, queue = Queue("busy", 1, []), Queue("a", 0, [])
        dispatcher.submit(busy)
        for _ in range(1000):
            dispatcher.submit(queue)
        assert len(dispatcher._turns) == 2
        pool.run()
        await until_idle()
        assert not dispatcher._turns

    run(main())


def outcome_of(error: Exception) -> Outcome[int]:
    """Returns the outcome of frame 0 whose work raised an error."""

    class Raising(Queue):
        def work(self, _accepted: AcceptedFrame[int]) -> int:
            raise error

    async def main() -> None:
        dispatcher, pool = hand_dispatcher(frames=1)
        dispatcher.submit(queue)
        pool.run()
        await until_idle()

    queue = Raising("a", 1, [])
    run(main())
    (outcome,) = queue.settled
    return cast("Outcome[int]", outcome)


def test_dispatcher_domain_error_becomes_the_outcome() -> None:
    error = SourceError("IMAGE_EMPTY", "no bytes")
    assert outcome_of(error) == Failed(0, error)


def test_dispatcher_unexpected_error_is_logged_and_does_not_leak(
    caplog: pytest.LogCaptureFixture,
) -> None:
    outcome = outcome_of(RuntimeError("secret /etc/path"))
    assert isinstance(outcome, Failed)
    assert outcome.error.reason == "INTERNAL"
    assert "secret" not in str(outcome.error)
    assert "secret" in caplog.text


def test_dispatcher_engine_error_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        outcome_of(EngineError("ENGINE_FAILED", "tensor 3 of x.cc:17"))
    assert "tensor 3 of x.cc:17" in caplog.text
