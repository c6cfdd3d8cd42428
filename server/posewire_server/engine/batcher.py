"""Joins inputs that several threads want run into one run of the network, where that pays.

There is no thread of its own: the thread that finds the predictor free leads. It runs what is first
in line, together with what fits to it, wakes those whose outputs it has, and leaves the lead to the
next in line. A thread that is alone runs its input as if there was no line.
"""

import threading
import time
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from posewire_server.engine.calibration import ALONE, Calibration
from posewire_server.engine.foresight import Foresight
from posewire_server.engine.predictor import Predictor
from posewire_server.engine.request import Request
from posewire_server.errors import EngineError
from posewire_server.frame import Priority
from posewire_server.line import Line
from posewire_server.passage import Passage

Array = npt.NDArray[np.float32]


class Batcher:
    """A predictor for many threads.

    Higher priorities are run first, as ``Line`` says. An input waits for others only where joining
    pays, and for at most ``wait_s``, while frames that may join are being prepared; one of high
    priority does not. One of lower priority lets a higher one go first that is being prepared, or
    that ``Foresight`` says is due: it waits for that half a run at most.

    Args:
        predictor: Runs the network; called by one thread at a time.
        wait_s: Longest time to wait for others while the predictor is free.
        note: Called with the inputs of each run, by the thread that ran them.
        foresight: Tells when frames of high priority are due.

    Attributes:
        calibration: Which batches pay.
        runs: How often the predictor ran.
        inputs: How many inputs it ran on.
    """

    def __init__(
        self,
        predictor: Predictor,
        wait_s: float = 0.0,
        note: Callable[[int], None] = lambda _count: None,
        foresight: Foresight | None = None,
    ) -> None:
        self.calibration: Calibration = ALONE
        self.runs = self.inputs = 0
        self._predictor = predictor
        self._note = note
        self._wait_s = wait_s
        self._lock = threading.Lock()
        self._arrival = threading.Condition(self._lock)
        self._line: Line[Request] = Line()
        self._is_led = False
        self._expected: set[Passage] = set()
        self._foresight = Foresight() if foresight is None else foresight

    def expect(self, passage: Passage) -> None:
        """Notes that a frame is being prepared that may want to run."""
        with self._lock:
            self._expected.add(passage)
            if passage.cadence is not None:
                self._foresight.watch(passage.cadence)

    def dismiss(self, passage: Passage) -> None:
        """Notes that a frame will not come any more."""
        with self._lock:
            if passage in self._expected:
                self._expected.remove(passage)
                self._arrival.notify()

    def run(self, inputs: Array, passage: Passage) -> list[Array]:
        """Runs inputs, by themselves or together with others of the same size.

        Args:
            inputs: (N, C, H, W) float32, C-contiguous.
            passage: Books the waiting and the run, and may stop before it.

        Returns:
            One array for each output, batch first.

        Raises:
            PosewireError: The engine failed on these inputs, or the work is of no use any more.
        """
        passage.is_preparing = False
        with self._lock:
            self._expected.discard(passage)
            leads, self._is_led = not self._is_led, True
            is_alone = leads and not self._expected and not self._foresight
            if not is_alone:
                request = Request(inputs, passage)
                self._line.add(request, passage.priority)
                self._arrival.notify()
        if is_alone:
            return self._run_alone(inputs, passage)
        if not leads:
            request.gate.acquire()
        while not request.is_done:
            self._lead()
            request.gate.acquire()
        return request.result()

    def _run_alone(self, inputs: Array, passage: Passage) -> list[Array]:
        try:
            passage.check("infer")
            begin_s = time.perf_counter()
            outputs = self._predictor.run(inputs)
            run_s = time.perf_counter() - begin_s
            passage.book("infer", run_s)
            self._count(len(inputs), run_s)
        finally:
            self._hand_over(())
        return outputs

    def _lead(self) -> None:
        """Runs who is first, and those who fit; opens their gates and that of the next leader."""
        with self._lock:
            self._wait_for_others()
            batch = self._choose()
        try:
            self._answer(batch)
        except BaseException:  # a key press; who waits must not wait for ever
            for request in batch:
                request.fail(EngineError("ENGINE_FAILED", "the run was interrupted"))
            raise
        finally:
            self._hand_over(batch)

    def _hand_over(self, batch: Sequence[Request]) -> None:
        with self._lock:
            successor = self._line.first()
            self._is_led = successor is not None
        if successor is not None:
            successor.gate.release()
        for request in batch:
            request.gate.release()

    def _wait_for_others(self) -> None:
        """Waits, with the predictor free, while what may come is worth more than the time."""
        begin_s = time.perf_counter()
        foreseen_s = self._foresight.wait_s() if self._lets_pass(Priority.HIGH) else 0.0
        while True:
            patience_s = max(self._patience_s(), foreseen_s * self._lets_pass(Priority.HIGH))
            left_s = begin_s + patience_s - time.perf_counter()
            if left_s <= 0:
                break
            self._arrival.wait(left_s)  # who is being prepared by then is waited for after it

    def _patience_s(self) -> float:
        """Returns how long to wait for the frames that are being prepared."""
        coming = [passage.priority for passage in self._expected if passage.is_preparing]
        first = self._first()
        if not coming:
            return 0.0
        if self._lets_pass(max(coming)):
            return max(self._wait_s, self._foresight.patience_s)
        if first.priority is Priority.HIGH:
            return 0.0
        count = sum(len(it.inputs) for it in self._fitting(first))
        return self._wait_s if count < self.calibration.largest else 0.0

    def _lets_pass(self, priority: Priority) -> bool:
        """Returns whether one of a priority would go before who is first in line."""
        return priority > self._first().priority and self._line.would_lead(priority)

    def _first(self) -> Request:
        first = self._line.first()
        assert first is not None, "whoever leads is in line"
        return first

    def _choose(self) -> list[Request]:
        first = self._first()
        fitting = self._fitting(first)
        room = self.calibration.size_for(sum(len(request.inputs) for request in fitting))
        batch = []
        for request in fitting:
            if request is first or len(request.inputs) <= room:
                room -= len(request.inputs)
                self._line.remove(request, request.priority)
                batch.append(request)
        self._line.note_turn(first.priority)
        return batch

    def _fitting(self, first: Request) -> list[Request]:
        """Returns the requests that can be run with the first one, which leads them."""
        if self.calibration.largest == 1:
            return [first]
        shape = first.inputs.shape[1:]
        return [first] + [
            it for it in self._line if it is not first and it.inputs.shape[1:] == shape
        ]

    def _answer(self, batch: Sequence[Request]) -> None:
        """Runs requests together; one by one where that fails, so that only the culprit does."""
        ready = [request for request in batch if request.may_run()]
        if not ready:
            return
        try:
            self._run(ready)
        except Exception as error:
            if len(ready) == 1:
                ready[0].fail(error)
                return
            for request in ready:
                self._answer([request])

    def _run(self, batch: Sequence[Request]) -> None:
        inputs = batch[0].inputs if len(batch) == 1 else self._join(batch)
        begin_s = time.perf_counter()
        outputs = self._predictor.run(inputs)
        done_s = time.perf_counter()
        first = 0
        for request in batch:
            last = first + len(request.inputs)
            request.succeed([output[first:last] for output in outputs], begin_s, done_s)
            first = last
        self._count(first, done_s - begin_s)

    def _count(self, inputs: int, run_s: float) -> None:
        self._foresight.note_run(run_s)
        self.runs += 1
        self.inputs += inputs
        self._note(inputs)

    def _join(self, batch: Sequence[Request]) -> Array:
        """Returns the inputs of a batch, with nothing after them up to a size that is prepared."""
        arrays = [request.inputs for request in batch]
        count = sum(len(array) for array in arrays)
        missing = self.calibration.padded(count) - count
        if missing:
            arrays.append(np.zeros((missing, *arrays[0].shape[1:]), np.float32))
        return np.concatenate(arrays)
