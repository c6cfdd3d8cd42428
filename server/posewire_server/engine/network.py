"""A network that threads share: each waits for its turn, and books how long."""

import threading
import time

import numpy as np
import numpy.typing as npt

from posewire_server.engine.predictor import Predictor
from posewire_server.models.spec import NetworkSpec
from posewire_server.passage import Passage

Array = npt.NDArray[np.float32]


class Network:
    """A predictor and its turn; safe to call from many threads.

    Args:
        spec: What it is.
        predictor: Runs it; called by one thread at a time.

    Attributes:
        runs: How often it ran.
    """

    def __init__(self, spec: NetworkSpec, predictor: Predictor) -> None:
        self.spec = spec
        self._predictor = predictor
        self._turn = threading.Lock()
        self.runs = 0

    def run(self, inputs: Array, passage: Passage) -> list[Array]:
        """Runs a batch.

        Args:
            inputs: (N, C, H, W) float32, C-contiguous.
            passage: Books the waiting and the run, and may stop before it.

        Returns:
            One array for each output of the spec, batch first.

        Raises:
            PosewireError: The engine failed, or the work is of no use any more.
        """
        asked = time.perf_counter()
        with self._turn:
            passage.check("infer")
            begin = time.perf_counter()
            outputs = self._predictor.run(inputs)
            done = time.perf_counter()
            self.runs += 1
        passage.book("wait", begin - asked)
        passage.book("infer", done - begin)
        return outputs
