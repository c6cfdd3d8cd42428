"""Shares the frame threads among streams and single calls, by priority and in turns.

A lane (a stream, or one call) says that it has work and gets in line; when a frame thread is free,
the lane at the head picks one frame and goes to the end. Picking that late is what keeps a live
stream's answer about its newest frame.
"""

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Protocol

from posewire_server.errors import EngineError, ErrorReason, PosewireError, StreamError
from posewire_server.frame import Frame, Priority
from posewire_server.inference.scheduling.priority_queue import PriorityQueue
from posewire_server.outcome import Failed
from posewire_server.serving.streams.alarm import Alarm
from posewire_server.serving.streams.frame_thread import FrameThread
from posewire_server.serving.streams.ticket import Ticket, late_error

_LOG = logging.getLogger(__name__)


class Lane(Protocol):
    """Where tickets wait; all methods but ``work`` are called on the event loop.

    Attributes:
        priority: Of its tickets; stays the same.
    """

    priority: Priority

    def take(self) -> Ticket | None:
        """Returns the ticket to work on now, or None if there is none."""

    def work(self, ticket: Ticket) -> object:
        """Does the work, in a frame thread."""

    def settle(self, ticket: Ticket, outcome: object) -> None:
        """Takes the outcome of a ticket that was taken."""


class Dispatcher:
    """Runs the work of lanes on threads, one ticket of each lane in turn.

    One thread is kept in reserve: a ticket of higher priority than all that run starts at once. Of
    many threads, which fill batches, a lane has a quarter at most; else who sends little would wait
    behind all the tickets of one that sends much.

    Args:
        frames: How many are worked on at once.
    """

    def __init__(self, frames: int) -> None:
        self._threads = [FrameThread(f"posewire-frame-{number}") for number in range(frames + 1)]
        self._free = list(
            self._threads
        )  # the last one free is the next to work: its caches are warm
        self._most_of_a_lane = max(2, frames // 4)
        self._running: list[Lane] = []
        self._line: PriorityQueue[Lane] = PriorityQueue()

    def submit(self, lane: Lane) -> None:
        """Says that ``lane`` has tickets to take."""
        self._queue(lane)
        self._pump()

    def close(self) -> None:
        """Waits for the running work and ends the threads."""
        self._line.clear()
        for thread in self._threads:
            thread.shutdown()

    def _queue(self, lane: Lane) -> None:
        if self._running.count(lane) < self._most_of_a_lane:
            self._line.push(lane, lane.priority)

    def _pump(self) -> None:
        while (lane := self._next_lane()) is not None:
            priority = lane.priority
            self._line.remove(lane, priority)
            ticket = lane.take()
            if ticket is not None:
                self._line.count_turn(priority)
                self._running.append(lane)
                self._queue(lane)
                thread, loop = self._free.pop(), asyncio.get_running_loop()
                thread.submit(partial(self._run, loop, thread, lane, ticket))

    def _next_lane(self) -> Lane | None:
        if len(self._free) > 1:
            return self._line.peek()
        if not self._free:
            return None
        return self._line.peek(above=max(lane.priority for lane in self._running))

    def _run(
        self, loop: asyncio.AbstractEventLoop, thread: FrameThread, lane: Lane, ticket: Ticket
    ) -> None:
        outcome = _outcome_of(lane, ticket)
        loop.call_soon_threadsafe(self._finish, thread, lane, ticket, outcome)

    def _finish(self, thread: FrameThread, lane: Lane, ticket: Ticket, outcome: object) -> None:
        self._free.append(thread)
        had_its_share = self._running.count(lane) == self._most_of_a_lane
        self._running.remove(lane)
        if had_its_share:
            self._queue(lane)
        lane.settle(ticket, outcome)
        self._pump()


def _outcome_of(lane: Lane, ticket: Ticket) -> object:
    try:
        return lane.work(ticket)
    except PosewireError as error:
        if isinstance(error, EngineError):  # its text is for the log alone
            _LOG.exception("the engine failed on frame %d", ticket.frame.sequence_id)
        return Failed(ticket.frame.sequence_id, error)
    except Exception:
        _LOG.exception("work on frame %d failed", ticket.frame.sequence_id)
        text = "the server met a fault of its own; its log has the details"
        return Failed(ticket.frame.sequence_id, PosewireError(ErrorReason.INTERNAL, text))


class Calls:
    """Single calls: each is a lane of one ticket; at most ``max_waiting`` are unanswered."""

    def __init__(self, dispatcher: Dispatcher, max_waiting: int) -> None:
        self._dispatcher = dispatcher
        self._max_waiting = max_waiting
        self._answers: set[asyncio.Future[object]] = set()

    def abandon(self, error: PosewireError) -> None:
        """Ends every unanswered call with an error."""
        for answer in self._answers:
            if not answer.done():
                answer.set_exception(error)

    async def run(
        self,
        frame: Frame,
        work: Callable[[Ticket], object],
        time_left_s: float | None,
        priority: Priority = Priority.NORMAL,
    ) -> object:
        """Returns what ``work`` gave, or the Failed it ended with.

        Raises:
            StreamError: QUEUE_FULL.
            PosewireError: What it was abandoned with.
        """
        if len(self._answers) >= self._max_waiting:
            text = f"{self._max_waiting} calls are unanswered; retry with back-off"
            raise StreamError(ErrorReason.QUEUE_FULL, text, max_in_flight=self._max_waiting)
        ticket = Ticket(frame, priority=priority)
        if time_left_s is not None:
            ticket.deadline_s = min(ticket.deadline_s, ticket.arrived_s + time_left_s)
        answer: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        call = _Call(ticket, work, answer)
        deadline = Alarm(call.expire)
        self._answers.add(answer)
        try:
            self._dispatcher.submit(call)
            deadline.set(ticket.deadline_s)
            return await answer
        finally:
            deadline.stop()
            ticket.cancelled = True
            self._answers.discard(answer)


class _Call:
    def __init__(
        self, ticket: Ticket, work: Callable[[Ticket], object], answer: asyncio.Future[object]
    ) -> None:
        self.priority = ticket.priority
        self._ticket: Ticket | None = ticket
        self._work, self._answer = work, answer

    def take(self) -> Ticket | None:
        ticket, self._ticket = self._ticket, None
        return None if self._answer.done() else ticket

    def work(self, ticket: Ticket) -> object:
        return self._work(ticket)

    def expire(self) -> float:
        """Answers the call if it still waits; returns when to look again."""
        ticket = self._ticket
        if ticket is None or not ticket.is_late:
            return float("inf") if ticket is None else ticket.deadline_s
        self._ticket = None
        self.settle(ticket, Failed(ticket.frame.sequence_id, late_error("decode")))
        return float("inf")

    def settle(self, ticket: Ticket, outcome: object) -> None:
        if not self._answer.done() and not ticket.cancelled:
            self._answer.set_result(outcome)
