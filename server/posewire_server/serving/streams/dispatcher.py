"""Dispatcher of frame threads among streams, by priority and in turns.

A stream submits itself when it has frames. When a frame thread is free, the stream at the head of
the queue chooses one frame and goes to the end. This late choice keeps a live stream's answer about
its newest frame.
"""

import asyncio
import logging
import threading
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from typing import Any, Protocol, TypeVar

from posewire_server.errors import EngineError, ErrorReason, PosewireError
from posewire_server.frame import Frame, Priority
from posewire_server.inference.scheduling.frame_context import FrameContext
from posewire_server.inference.scheduling.priority_queue import PriorityQueue
from posewire_server.outcome import Answer, Failed, Outcome
from posewire_server.serving.streams.frame_queue import AcceptedFrame

_LOG = logging.getLogger(__name__)
T = TypeVar("T")
R = TypeVar("R", covariant=True)


class FrameProcessor(Protocol[R]):
    """What is done with the frames of a stream; it may keep state from frame to frame."""

    def run(self, frame: Frame, context: FrameContext) -> R:
        """Returns the answer to a frame; called in a frame thread."""

    def leave_out(self, frame: Frame) -> None:
        """Notes that a frame will not be worked on; called on the event loop."""

    def close(self) -> None:
        """Frees the state; neither of the others is called afterwards."""


class WorkQueue(Protocol[T]):
    """Frames that wait for a frame thread; all methods but ``work`` run on the event loop.

    Attributes:
        priority: Priority of its frames; constant.
    """

    priority: Priority

    def take(self) -> AcceptedFrame[T] | None:
        """Returns the frame to work on now, or None if there is none."""

    def work(self, accepted: AcceptedFrame[T]) -> T:
        """Returns the answer to a frame; called in a frame thread."""

    def settle(self, accepted: AcceptedFrame[T], outcome: Outcome[T]) -> None:
        """Takes the outcome of a frame that was taken."""


class FrameThread:
    """Thread that runs jobs one after the other; its jobs must not raise.

    A bare queue takes half the time of ThreadPoolExecutor's futures to hand a job over and to
    report its end, and that is most of what serving adds to a small frame.
    """

    def __init__(self, name: str) -> None:
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, job: Callable[[], None]) -> None:
        """Has the thread run ``job`` after those before it."""
        self._jobs.put(job)

    def shutdown(self) -> None:
        """Waits until all jobs have run and the thread has ended."""
        self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
            del job  # a thread that waits keeps no frame alive


class Dispatcher:
    """Runs the work of queues on threads, one frame of each queue in turn.

    One thread is kept in reserve: a frame of higher priority than all that run starts at once. A
    queue has at most a quarter of many threads, which fill batches; otherwise a stream that sends
    little would wait behind all the frames of one that sends much.

    Args:
        frames: How many frames are worked on at once.
    """

    def __init__(self, frames: int) -> None:
        self._threads = [FrameThread(f"posewire-frame-{number}") for number in range(frames + 1)]
        self._free = list(self._threads)  # the last one free works next: its caches are warm
        self._most_of_a_queue = max(2, frames // 4)
        self._running: list[WorkQueue[Any]] = []
        self._turns: PriorityQueue[WorkQueue[Any]] = PriorityQueue()

    def submit(self, queue: WorkQueue[T]) -> None:
        """Says that ``queue`` has frames to take."""
        self._enqueue(queue)
        self._start_work()

    def close(self) -> None:
        """Waits for the running work and ends the threads."""
        self._turns.clear()
        for thread in self._threads:
            thread.shutdown()

    def _enqueue(self, queue: WorkQueue[T]) -> None:
        if self._running.count(queue) < self._most_of_a_queue:
            self._turns.push(queue, queue.priority)

    def _start_work(self) -> None:
        while (queue := self._next_queue()) is not None:
            priority = queue.priority
            self._turns.remove(queue, priority)
            accepted = queue.take()
            if accepted is not None:
                self._turns.count_turn(priority)
                self._running.append(queue)
                self._enqueue(queue)
                thread, loop = self._free.pop(), asyncio.get_running_loop()
                thread.submit(partial(self._run, loop, thread, queue, accepted))

    def _next_queue(self) -> WorkQueue[Any] | None:
        if len(self._free) > 1:
            return self._turns.peek()
        if not self._free:
            return None
        return self._turns.peek(above=max(queue.priority for queue in self._running))

    def _run(
        self,
        loop: asyncio.AbstractEventLoop,
        thread: FrameThread,
        queue: WorkQueue[T],
        accepted: AcceptedFrame[T],
    ) -> None:
        outcome = _outcome_of(queue, accepted)
        loop.call_soon_threadsafe(self._finish, thread, queue, accepted, outcome)

    def _finish(
        self,
        thread: FrameThread,
        queue: WorkQueue[T],
        accepted: AcceptedFrame[T],
        outcome: Outcome[T],
    ) -> None:
        self._free.append(thread)
        had_its_share = self._running.count(queue) == self._most_of_a_queue
        self._running.remove(queue)
        if had_its_share:
            self._enqueue(queue)
        queue.settle(accepted, outcome)
        self._start_work()


def _outcome_of(queue: WorkQueue[T], accepted: AcceptedFrame[T]) -> Outcome[T]:
    number = accepted.frame.sequence_id
    try:
        return Answer(queue.work(accepted))
    except PosewireError as error:
        if isinstance(error, EngineError):  # its text is for the log alone
            _LOG.exception("the engine failed on frame %d", number)
        # Its frames hold the accepted frame, which will hold the error: a reference cycle.
        return Failed(number, error.with_traceback(None))
    except Exception:
        _LOG.exception("work on frame %d failed", number)
        text = "the server met a fault of its own; its log has the details"
        return Failed(number, PosewireError(ErrorReason.INTERNAL, text))
