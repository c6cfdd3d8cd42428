"""Batches: the requests of threads, and which of them run together."""

import threading
import time
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from posewire_server.frame import Priority
from posewire_server.inference.engine.calibration import Calibration
from posewire_server.inference.scheduling.frame_context import FrameContext
from posewire_server.inference.scheduling.priority_queue import PriorityQueue

Array = npt.NDArray[np.float32]


class BatchRequest:
    """(N, C, H, W) inputs of one thread, which sleeps until it has its outputs or the lead."""

    def __init__(self, inputs: Array, context: FrameContext) -> None:
        self.inputs = inputs
        self.priority = context.priority
        self.is_done = False
        self._context = context
        self._queued_s = time.perf_counter()
        self._outputs: list[Array] = []
        self._error: Exception | None = None
        self._sleep = threading.Lock()  # held while nobody woke the thread
        self._sleep.acquire()

    def wait(self) -> None:
        """Sleeps until ``wake``."""
        self._sleep.acquire()

    def wake(self) -> None:
        """Ends one ``wait``; called once for each."""
        self._sleep.release()

    def is_wanted(self) -> bool:
        """Asks the frame's context whether to go on; the request fails otherwise."""
        try:
            self._context.check("infer")
        except Exception as error:
            self.fail(error)
        return not self.is_done

    def succeed(self, outputs: list[Array], begin_s: float, end_s: float) -> None:
        """Keeps the outputs, and books the time in the queue and of the run."""
        self._context.book("wait", begin_s - self._queued_s)
        self._context.book("infer", end_s - begin_s)
        self._outputs, self.is_done = outputs, True

    def fail(self, error: Exception) -> None:
        """Keeps an error for ``result``."""
        self._error, self.is_done = error, True

    def result(self) -> list[Array]:
        """Returns the outputs, or raises the error."""
        if self._error is not None:
            raise self._error
        return self._outputs


def form_batch(queue: PriorityQueue[BatchRequest], calibration: Calibration) -> list[BatchRequest]:
    """Returns the first request of a queue that is not empty, and the requests that run with it.

    No request joins while one of a higher priority stays in the queue.
    """
    first = queue.peek()
    assert first is not None, "the leader is in the queue"
    batch = [first]
    if calibration.largest == 1:
        return batch
    fitting = [it for it in queue if it.inputs.shape[1:] == first.inputs.shape[1:]]
    room = calibration.size_for(count_inputs(fitting)) - len(first.inputs)
    highest_left = Priority.LOW
    for request in (it for it in queue if it is not first):  # the highest priority first
        if request.priority < highest_left:
            break
        if request in fitting and len(request.inputs) <= room:
            room -= len(request.inputs)
            batch.append(request)
        else:
            highest_left = request.priority
    return batch


def count_inputs(requests: Sequence[BatchRequest]) -> int:
    """Returns the number of inputs of all requests."""
    return sum(len(request.inputs) for request in requests)


def join_inputs(batch: Sequence[BatchRequest], calibration: Calibration) -> Array:
    """Returns the inputs of a batch, padded with zeros to a size that was measured."""
    if len(batch) == 1:
        return batch[0].inputs
    count = count_inputs(batch)
    padding = np.zeros((calibration.padded(count) - count, *batch[0].inputs.shape[1:]), np.float32)
    return np.concatenate([*(request.inputs for request in batch), padding])
