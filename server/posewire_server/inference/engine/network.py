"""Networks that threads share, each loaded once."""

import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from posewire_server.inference.engine.batcher import Batcher
from posewire_server.inference.engine.calibration import calibrate
from posewire_server.inference.engine.engine_config import EngineConfig
from posewire_server.inference.engine.predictor import PaddlePredictor, Predictor
from posewire_server.metrics.frames import observe_batch
from posewire_server.models.catalog.spec import NetworkSpec
from posewire_server.models.weights.manifest import StoredNetwork
from posewire_server.runtime import available_cores

_LOG = logging.getLogger(__name__)


class Network:
    """A predictor behind its batcher; safe to call from many threads."""

    def __init__(self, spec: NetworkSpec, predictor: Predictor, batch_wait_s: float = 0.0) -> None:
        self.spec = spec
        self._predictor = predictor
        self.batcher = Batcher(predictor, batch_wait_s, partial(observe_batch, spec.name))
        self.expect = self.batcher.expect
        self.dismiss = self.batcher.dismiss
        self.run = self.batcher.run

    @property
    def largest_batch(self) -> int:
        """Most inputs of a batch; 1 if joining does not pay or was not measured."""
        return self.batcher.calibration.largest

    def calibrate(self, largest: int) -> None:
        """Measures up to which size batches pay; no other thread may use the network meanwhile.

        Raises:
            EngineError: The engine failed.
        """
        width, height = self.spec.input.usual_size
        inputs = np.zeros((largest, self.spec.input.channels, height, width), np.float32)
        found = calibrate(lambda count: self._predictor.run(inputs[:count]), largest)
        self.batcher.calibration = found
        if found.largest == 1:
            _LOG.info("network %s: joining frames does not pay, each runs alone", self.spec.name)
        else:
            text = "network %s: up to %d inputs are joined; each takes %.2f of its time alone"
            _LOG.info(text, self.spec.name, found.largest, found.share)


class Networks:
    """Networks that all pipelines of a process share; ``wrap`` may replace each predictor."""

    def __init__(
        self, config: EngineConfig, wrap: Callable[[Predictor], Predictor] = lambda it: it
    ) -> None:
        self.config = replace(config, threads=config.threads or available_cores())
        self._wrap = wrap
        self._loaded: dict[str, tuple[Network, str]] = {}

    def load(self, stored: StoredNetwork) -> tuple[Network, str]:
        """Returns a network and the name of its engine.

        Raises:
            EngineError: The engine cannot run it.
        """
        name = stored.spec.name
        if name not in self._loaded:
            config = self.config
            predictor = PaddlePredictor(stored, config.engine, config.precision, config.threads)
            network = Network(stored.spec, self._wrap(predictor), config.batch_wait_s)
            self._loaded[name] = network, predictor.engine
        return self._loaded[name]

    def calibrate(self) -> None:
        """Measures which networks gain by joining inputs; call it before anything uses them.

        Raises:
            EngineError: An engine failed.
        """
        for network, _ in self._loaded.values():
            network.calibrate(self.config.max_batch)
