"""Inputs that wait for their turn at a predictor."""

import threading
import time

import numpy as np
import numpy.typing as npt

from posewire_server.inference.scheduling.frame_context import FrameContext

Array = npt.NDArray[np.float32]


class Request:
    """Inputs of one thread, which waits at the gate until it has its outputs or the lead."""

    def __init__(self, inputs: Array, context: FrameContext) -> None:
        self.inputs = inputs
        self.priority = context.priority
        self.gate = threading.Lock()
        self.gate.acquire()
        self.is_done = False
        self._context = context
        self._asked_s = time.perf_counter()
        self._outputs: list[Array] = []
        self._error: Exception | None = None

    def may_run(self) -> bool:
        """Returns whether the outputs are still of use."""
        try:
            self._context.check("infer")
        except Exception as error:
            self.fail(error)
        return not self.is_done

    def succeed(self, outputs: list[Array], begin_s: float, done_s: float) -> None:
        """Notes the outputs, and when the run began and ended."""
        self._context.book("wait", begin_s - self._asked_s)
        self._context.book("infer", done_s - begin_s)
        self._outputs, self.is_done = outputs, True

    def fail(self, error: Exception) -> None:
        """Notes what went wrong."""
        self._error, self.is_done = error, True

    def result(self) -> list[Array]:
        """Returns the outputs, or raises what went wrong."""
        if self._error is not None:
            raise self._error
        return self._outputs
