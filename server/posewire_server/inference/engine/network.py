"""A network that threads share: each waits for its turn, and books how long."""

import logging
from functools import partial

import numpy as np
import numpy.typing as npt

from posewire_server.inference.engine.batcher import Batcher
from posewire_server.inference.engine.calibration import calibrate
from posewire_server.inference.engine.predictor import Predictor
from posewire_server.metrics.frames import observe_batch
from posewire_server.models.catalog.spec import NetworkSpec

Array = npt.NDArray[np.float32]
_LOG = logging.getLogger(__name__)


class Network:
    """A predictor and whose turn it is; safe to call from many threads.

    Args:
        spec: What it is.
        predictor: Runs it; called by one thread at a time.
        batch_wait_s: Longest time that inputs wait for others, see ``Batcher``.
    """

    def __init__(
        self,
        spec: NetworkSpec,
        predictor: Predictor,
        batch_wait_s: float = 0.0,
    ) -> None:
        self.spec = spec
        self._predictor = predictor
        note = partial(observe_batch, spec.name)
        self._batcher = Batcher(predictor, batch_wait_s, note)
        self.expect = self._batcher.expect
        self.dismiss = self._batcher.dismiss
        self.run = self._batcher.run

    @property
    def runs(self) -> int:
        """How often it ran."""
        return self._batcher.runs

    @property
    def inputs(self) -> int:
        """How many inputs it ran on."""
        return self._batcher.inputs

    @property
    def largest_batch(self) -> int:
        """How many inputs it joins at most; 1 where that does not pay, or was not measured."""
        return self._batcher.calibration.largest

    def calibrate(self, largest: int) -> None:
        """Measures up to which size batches pay; nobody may use it meanwhile.

        Args:
            largest: The largest batch to try.

        Raises:
            EngineError: The engine failed.
        """
        width, height = self.spec.input.usual_size
        inputs = np.zeros((largest, self.spec.input.channels, height, width), np.float32)
        found = calibrate(lambda count: self._predictor.run(inputs[:count]), largest)
        self._batcher.calibration = found
        if found.largest == 1:
            _LOG.info("network %s: joining frames does not pay, each runs alone", self.spec.name)
        else:
            text = "network %s: up to %d inputs are joined; each takes %.2f of its time alone"
            _LOG.info(text, self.spec.name, found.largest, found.share)
