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

from posewire_server.errors import EngineError, ErrorReason
from posewire_server.frame import Priority
from posewire_server.inference.engine.batch import find_fitting, join, take_batch
from posewire_server.inference.engine.calibration import ALONE, Calibration
from posewire_server.inference.engine.predictor import Predictor
from posewire_server.inference.engine.request import Request
from posewire_server.inference.scheduling.frame_context import FrameContext
from posewire_server.inference.scheduling.priority_queue import PriorityQueue

Array = npt.NDArray[np.float32]


class Batcher:
    """Dynamic batcher of one predictor; safe to call from many threads.

    Higher priorities run first, see ``PriorityQueue``. While the predictor is free, a batch waits
    for frames in preparation that may join it or go before it, for at most ``wait_s``. High
    priority does not wait.

    Args:
        predictor: Runs the network; called by one thread at a time.
        wait_s: Longest time to wait for others while the predictor is free.
        note: Called with the number of inputs of each run, by the thread that ran them.

    Attributes:
        calibration: The sizes of batch that pay.
        runs: Number of runs of the predictor.
        inputs: Number of inputs of all runs.
    """

    def __init__(
        self,
        predictor: Predictor,
        wait_s: float = 0.0,
        note: Callable[[int], None] = lambda _count: None,
    ) -> None:
        self.calibration: Calibration = ALONE
        self.runs = self.inputs = 0
        self._predictor = predictor
        self._wait_s = wait_s
        self._note = note
        self._lock = threading.Lock()
        self._arrival = threading.Condition(self._lock)
        self._line: PriorityQueue[Request] = PriorityQueue()
        self._expected: set[FrameContext] = set()
        self._is_led = False

    def expect(self, context: FrameContext) -> None:
        """Announces a frame in preparation that may call ``run``."""
        with self._lock:
            self._expected.add(context)

    def dismiss(self, context: FrameContext) -> None:
        """Takes an announcement back."""
        with self._lock:
            if context in self._expected:
                self._expected.remove(context)
                self._arrival.notify()

    def run(self, inputs: Array, context: FrameContext) -> list[Array]:
        """Runs inputs, alone or joined with others of the same size.

        Args:
            inputs: (N, C, H, W) float32, C-contiguous.
            context: The frame's; checked before the run.

        Returns:
            One array for each output of the network, batch first.

        Raises:
            PosewireError: The engine failed on these inputs, or ``context.check`` raised it.
        """
        context.is_preparing = False
        request = Request(inputs, context)
        with self._lock:
            self._expected.discard(context)
            self._line.add(request, request.priority)
            self._arrival.notify()
            leads, self._is_led = not self._is_led, True
        if not leads:
            request.gate.acquire()
        while not request.is_done:
            self._lead()
            request.gate.acquire()
        return request.result()

    def _lead(self) -> None:
        """Runs the next batch; wakes its threads and the next leader."""
        with self._lock:
            self._wait_for_others()
            batch = take_batch(self._line, self.calibration)
        try:
            self._run(batch)
        finally:
            with self._lock:
                successor = self._line.first()
                self._is_led = successor is not None
            if successor is not None:
                successor.gate.release()
            for request in batch:
                if not request.is_done:  # a key press interrupted the leader
                    error = EngineError(ErrorReason.ENGINE_FAILED, "the run was interrupted")
                    request.fail(error)
                request.gate.release()

    def _wait_for_others(self) -> None:
        end_s = time.perf_counter() + self._wait_s
        while self._is_worth_waiting() and (left_s := end_s - time.perf_counter()) > 0:
            self._arrival.wait(left_s)

    def _is_worth_waiting(self) -> bool:
        highest = next(iter(self._line)).priority
        coming = max((it.priority for it in self._expected if it.is_preparing), default=None)
        if coming is None or highest is Priority.HIGH or coming < highest:
            return False
        fitting = find_fitting(self._line, self.calibration)
        has_room = sum(len(it.inputs) for it in fitting) < self.calibration.largest
        return coming > highest or has_room

    def _run(self, batch: Sequence[Request]) -> None:
        """Runs requests together; one by one if that fails, to fail only the culprit."""
        ready = [request for request in batch if request.may_run()]
        try:
            if ready:
                self._predict(ready)
        except Exception as error:
            if len(ready) == 1:
                ready[0].fail(error)
                return
            for request in ready:
                self._run([request])

    def _predict(self, batch: Sequence[Request]) -> None:
        inputs = join(batch, self.calibration)
        begin_s = time.perf_counter()
        outputs = self._predictor.run(inputs)
        done_s = time.perf_counter()
        first = 0
        for request in batch:
            last = first + len(request.inputs)
            request.succeed([output[first:last] for output in outputs], begin_s, done_s)
            first = last
        self.runs += 1
        self.inputs += first
        self._note(first)
