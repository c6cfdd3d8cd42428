"""Dynamic batcher: joins inputs of several threads into one run of a network, if that pays.

Leader/follower: the batcher has no thread of its own. The first thread that finds the predictor
free leads: it runs a batch, wakes the threads whose outputs it has, and hands the lead to the next
in the queue.
"""

import threading
import time
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from posewire_server.frame import Priority
from posewire_server.inference.engine.batch import (
    BatchRequest,
    count_inputs,
    form_batch,
    join_inputs,
)
from posewire_server.inference.engine.calibration import ALONE
from posewire_server.inference.engine.paddle_inference import engine_failed
from posewire_server.inference.engine.predictor import Predictor
from posewire_server.inference.scheduling.frame_context import FrameContext
from posewire_server.inference.scheduling.priority_queue import PriorityQueue

Array = npt.NDArray[np.float32]


class Batcher:
    """Dynamic batcher of one predictor; safe to call from many threads.

    Higher priorities run first, see ``PriorityQueue``. While the predictor is free, a batch waits
    for frames in preparation that may join it or go before it, for at most ``wait_s``. High
    priority does not wait.

    Args:
        wait_s: Longest time to wait for others while the predictor is free.
        observe: Called with the number of inputs of each run, by the thread that ran them.
    """

    def __init__(
        self,
        predictor: Predictor,
        wait_s: float = 0.0,
        observe: Callable[[int], None] = lambda _count: None,
    ) -> None:
        self.calibration = ALONE
        self.runs = self.inputs = 0
        self._predictor = predictor
        self._wait_s = wait_s
        self._observe = observe
        self._lock = threading.Lock()
        self._arrival = threading.Condition(self._lock)
        self._queue: PriorityQueue[BatchRequest] = PriorityQueue()
        self._expected: set[FrameContext] = set()
        self._is_led = False

    def expect(self, context: FrameContext) -> None:
        """Announces a frame in preparation that may call ``run``."""
        with self._lock:
            self._expected.add(context)

    def dismiss(self, context: FrameContext) -> None:
        """Takes an announcement back, if the frame has not called ``run``."""
        with self._lock:
            self._expected.discard(context)
            self._arrival.notify()

    def run(self, inputs: Array, context: FrameContext) -> list[Array]:
        """Returns the outputs for inputs, run alone or joined with others of the same size.

        Args:
            inputs: (N, C, H, W) float32, C-contiguous.
            context: Checked before the run.

        Raises:
            PosewireError: The engine failed on these inputs, or ``context.check`` raised it.
        """
        context.is_preparing = False
        request = BatchRequest(inputs, context)
        with self._lock:
            self._expected.discard(context)
            self._queue.push(request, request.priority)
            self._arrival.notify()
            leads, self._is_led = not self._is_led, True
        if not leads:
            request.wait()
        while not request.is_done:
            self._lead()
            request.wait()
        return request.result()

    def _lead(self) -> None:
        """Runs the next batch; wakes its threads and the next leader."""
        with self._lock:
            end_s = time.perf_counter() + self._wait_s
            while self._may_improve() and (left_s := end_s - time.perf_counter()) > 0:
                self._arrival.wait(left_s)
            batch = form_batch(self._queue, self.calibration)
            for request in batch:
                self._queue.remove(request, request.priority)
            self._queue.count_turn(batch[0].priority)
        try:
            self._run(batch)
        finally:
            with self._lock:
                successor = self._queue.peek()
                self._is_led = successor is not None
            if successor is not None:
                successor.wake()
            for request in batch:
                if not request.is_done:  # a signal interrupted the leader
                    request.fail(engine_failed("the run was interrupted"))
                request.wake()

    def _may_improve(self) -> bool:
        """Returns whether a frame in preparation may go before the next batch, or join it."""
        highest = next(iter(self._queue)).priority
        coming = max((it.priority for it in self._expected if it.is_preparing), default=None)
        if coming is None or coming < highest or highest is Priority.HIGH:
            return False
        batch = form_batch(self._queue, self.calibration)
        return coming > highest or count_inputs(batch) < self.calibration.largest

    def _run(self, batch: Sequence[BatchRequest]) -> None:
        """Runs requests together; one by one if that fails, to fail only the culprit."""
        wanted = [request for request in batch if request.is_wanted()]
        if not wanted:
            return
        try:
            self._predict(wanted)
        except Exception as error:
            if len(wanted) == 1:
                wanted[0].fail(error)
                return
            for request in wanted:
                self._run([request])

    def _predict(self, batch: Sequence[BatchRequest]) -> None:
        inputs = join_inputs(batch, self.calibration)
        begin_s = time.perf_counter()
        outputs = self._predictor.run(inputs)
        end_s = time.perf_counter()
        first = 0
        for request in batch:
            last = first + len(request.inputs)
            request.succeed([output[first:last] for output in outputs], begin_s, end_s)
            first = last
        self.runs += 1
        self.inputs += first
        self._observe(first)
