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

from posewire_server.errors import EngineError
from posewire_server.frame import Priority
from posewire_server.inference.engine.batch import find_fitting, join, take_batch
from posewire_server.inference.engine.calibration import ALONE, Calibration
from posewire_server.inference.engine.foresight import Foresight
from posewire_server.inference.engine.predictor import Predictor
from posewire_server.inference.engine.request import Request
from posewire_server.inference.engine.sections import Interruptible
from posewire_server.inference.scheduling.frame_context import FrameContext
from posewire_server.inference.scheduling.priority_queue import PriorityQueue

Array = npt.NDArray[np.float32]


class Batcher:
    """A predictor for many threads.

    Higher priorities are run first, see ``PriorityQueue``. An input waits for others only where
    joining pays, and for at most ``wait_s``, while frames that may join are being prepared; one of high
    priority does not. One of lower priority lets a higher one go first that is being prepared, or
    that ``Foresight`` says is due: it waits for that half a run at most each time.

    A run during which a stream of high priority may send is made in sections, where the network has
    some. Between two of them one run goes first that came meanwhile with a higher priority.

    Args:
        predictor: Runs the network; called by one thread at a time.
        wait_s: Longest time to wait for others while the predictor is free.
        note: Called with the inputs of each run, by the thread that ran them.
        foresight: Tells when frames of high priority are due.
        find_sections: Returns what runs the network in sections, which ``predictor`` may interrupt;
            None where it is never interrupted, or not yet.

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
        find_sections: Callable[[], Interruptible | None] = lambda: None,
    ) -> None:
        self.calibration: Calibration = ALONE
        self.runs = self.inputs = 0
        self._predictor = predictor
        self._find_sections = find_sections
        self._note = note
        self._wait_s = wait_s
        self._lock = threading.Lock()
        self._arrival = threading.Condition(self._lock)
        self._line: PriorityQueue[Request] = PriorityQueue()
        self._is_led = False
        self._expected: set[FrameContext] = set()
        self._foresight = Foresight() if foresight is None else foresight

    def expect(self, context: FrameContext) -> None:
        """Notes that a frame is being prepared that may want to run."""
        with self._lock:
            self._expected.add(context)
            if context.cadence is not None:
                self._foresight.watch(context.cadence)
        if context.cadence is not None:
            self._find_sections()  # to load them takes a while: not only when they are needed

    def dismiss(self, context: FrameContext) -> None:
        """Notes that a frame will not come any more."""
        with self._lock:
            if context in self._expected:
                self._expected.remove(context)
                self._arrival.notify()

    def run(self, inputs: Array, context: FrameContext) -> list[Array]:
        """Runs inputs, by themselves or together with others of the same size.

        Args:
            inputs: (N, C, H, W) float32, C-contiguous.
            context: Books the waiting and the run, and may stop before it.

        Returns:
            One array for each output, batch first.

        Raises:
            PosewireError: The engine failed on these inputs, or the work is of no use any more.
        """
        context.is_preparing = False
        with self._lock:
            self._expected.discard(context)
            leads, self._is_led = not self._is_led, True
            is_alone = leads and not self._expected and not self._foresight
            if not is_alone:
                request = Request(inputs, context)
                self._line.add(request, context.priority)
                self._arrival.notify()
        if is_alone:
            return self._run_alone(inputs, context)
        if not leads:
            request.gate.acquire()
        while not request.is_done:
            self._lead()
            request.gate.acquire()
        return request.result()

    def _run_alone(self, inputs: Array, context: FrameContext) -> list[Array]:
        try:
            context.check("infer")
            begin_s = time.perf_counter()
            outputs = self._predictor.run(inputs)
            run_s = time.perf_counter() - begin_s
            context.book("infer", run_s)
            self._count(len(inputs), run_s)
        finally:
            self._hand_over(())
        return outputs

    def _lead(self) -> None:
        """Runs who is first, and those who fit; opens their gates and that of the next leader."""
        with self._lock:
            self._hold_back(self._would_lead, self._patience_to_join_s)
            batch = take_batch(self._line, self._first(), self.calibration)
        try:
            self._answer(batch)
        finally:
            self._hand_over(batch)

    def _hand_over(self, batch: Sequence[Request]) -> None:
        with self._lock:
            successor = self._line.first()
            self._is_led = successor is not None
        if successor is not None:
            successor.gate.release()
        _release(batch)

    def _give_way(self, running: Priority) -> float:
        """Runs who has come with a higher priority than what is running, or is about to come.

        Returns:
            Seconds that it took.
        """

        def would_interrupt(priority: Priority) -> bool:
            return priority > running and self._line.first(above=running) is None

        begin_s = time.perf_counter()
        with self._lock:
            self._hold_back(would_interrupt)
            first = self._line.first(above=running)
            batch = (
                []
                if first is None
                else take_batch(self._line, first, self.calibration, above=running)
            )
        try:
            self._answer(batch)
        finally:
            _release(batch)
        return time.perf_counter() - begin_s

    def _hold_back(
        self,
        lets_pass: Callable[[Priority], bool],
        patience_to_join_s: Callable[[], float] = lambda: 0.0,
    ) -> None:
        """Waits, with the predictor free, while what may come is worth more than the time.

        Args:
            lets_pass: Whether one of a priority, if it came now, would go first.
            patience_to_join_s: How long to wait for others that are being prepared.
        """
        begin_s = time.perf_counter()
        foreseen_s = self._foresight.wait_s() if lets_pass(Priority.HIGH) else 0.0
        while True:
            patience_s = foreseen_s * lets_pass(Priority.HIGH)
            coming = [context.priority for context in self._expected if context.is_preparing]
            if coming and lets_pass(max(coming)):
                patience_s = max(patience_s, self._wait_s, self._foresight.patience_s)
            elif coming:
                patience_s = max(patience_s, patience_to_join_s())
            left_s = begin_s + patience_s - time.perf_counter()
            if left_s <= 0:
                break
            self._arrival.wait(left_s)  # who is being prepared by then is waited for after it

    def _patience_to_join_s(self) -> float:
        first = self._first()
        if first.priority is Priority.HIGH:
            return 0.0
        count = sum(len(it.inputs) for it in find_fitting(self._line, first, self.calibration))
        return self._wait_s if count < self.calibration.largest else 0.0

    def _would_lead(self, priority: Priority) -> bool:
        return priority > self._first().priority and self._line.would_lead(priority)

    def _first(self) -> Request:
        first = self._line.first()
        assert first is not None, "whoever leads is in line"
        return first

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
        except BaseException:  # a key press; who waits must not wait for ever
            for request in batch:
                request.fail(EngineError("ENGINE_FAILED", "the run was interrupted"))
            raise

    def _run(self, batch: Sequence[Request]) -> None:
        inputs = batch[0].inputs if len(batch) == 1 else join(batch, self.calibration)
        begin_s = time.perf_counter()
        outputs, away_s = self._predict(inputs, batch[0].priority)
        done_s = time.perf_counter()
        begin_s += away_s
        first = 0
        for request in batch:
            last = first + len(request.inputs)
            request.succeed([output[first:last] for output in outputs], begin_s, done_s)
            first = last
        self._count(first, done_s - begin_s)

    def _predict(self, inputs: Array, priority: Priority) -> tuple[list[Array], float]:
        """Returns the outputs, and the seconds of this that went to others."""
        sections = self._find_sections() if self._may_be_interrupted(priority) else None
        if sections is None:
            return self._predictor.run(inputs), 0.0
        away_s: list[float] = []
        outputs = sections.run(inputs, lambda: away_s.append(self._give_way(priority)))
        return outputs, sum(away_s)

    def _may_be_interrupted(self, priority: Priority) -> bool:
        with self._lock:
            return priority < Priority.HIGH and self._foresight.may_interrupt()

    def _count(self, inputs: int, run_s: float) -> None:
        self._foresight.note_run(run_s)
        self.runs += 1
        self.inputs += inputs
        self._note(inputs)


def _release(batch: Sequence[Request]) -> None:
    for request in batch:
        request.gate.release()
