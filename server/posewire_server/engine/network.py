"""A network that threads share: each waits for its turn, and books how long."""

import logging
from functools import partial

import numpy as np
import numpy.typing as npt

from posewire_server.engine.batcher import Batcher
from posewire_server.engine.calibration import calibrate
from posewire_server.engine.predictor import Interruptible, Predictor
from posewire_server.metrics.frames import note_batch
from posewire_server.models.spec import NetworkSpec

Array = npt.NDArray[np.float32]
_LOG = logging.getLogger(__name__)


class Network:
    """A predictor and whose turn it is; safe to call from many threads.

    Args:
        spec: What it is.
        predictor: Runs it; called by one thread at a time.
        batch_wait_s: Longest time that inputs wait for others, see ``Batcher``.
        cut: Runs it in sections; None: it is never interrupted.
    """

    def __init__(
        self,
        spec: NetworkSpec,
        predictor: Predictor,
        batch_wait_s: float = 0.0,
        cut: Interruptible | None = None,
    ) -> None:
        self.spec = spec
        self._predictor = predictor
        self._cut = cut
        self._batcher = Batcher(predictor, batch_wait_s, partial(note_batch, spec.name), cut=cut)
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
        """Measures up to which size batches pay, and makes sections ready; nobody may use it then.

        Args:
            largest: The largest batch to try.

        Raises:
            EngineError: The engine failed.
        """
        width, height = _typical_size(self.spec)
        inputs = np.zeros((largest, self.spec.input.channels, height, width), np.float32)
        found = calibrate(lambda count: self._predictor.run(inputs[:count]), largest)
        self._batcher.calibration = found
        if self._cut is not None:
            self._cut.run(inputs[:1])  # The first run takes longer.
        if found.largest == 1:
            _LOG.info("network %s: joining frames does not pay, each runs alone", self.spec.name)
        else:
            text = "network %s: up to %d inputs are joined; each takes %.2f of its time alone"
            _LOG.info(text, self.spec.name, found.largest, found.share)


def _typical_size(spec: NetworkSpec) -> tuple[int, int]:
    """Returns (w, h) of the input for a picture of 4:3."""
    wanted = spec.input
    if wanted.is_fixed:
        return wanted.size
    width = min(wanted.height * 4 // 3, wanted.max_width)
    return width // wanted.stride * wanted.stride, wanted.height
