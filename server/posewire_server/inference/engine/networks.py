"""Networks loaded once each, and what is to run them."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from posewire_server.inference.engine.network import Network
from posewire_server.inference.engine.predictor import Engine, PaddlePredictor, Predictor
from posewire_server.inference.engine.program import Precision
from posewire_server.models.weights.manifest import StoredNetwork
from posewire_server.runtime import available_cores


@dataclass(frozen=True)
class EngineConfig:
    """What is to run networks.

    Attributes:
        engine: ``auto`` (the fastest that passed its self-check), ``openvino``, ``onednn``,
            ``plain`` or ``gpu``.
        precision: ``fp32`` or ``bf16``.
        threads: CPU threads of one run; 0 means one for each core.
        max_batch: Most inputs to join into one run, where ``Networks.calibrate`` finds it to pay;
            1 for none.
        batch_wait_s: Longest time that an input waits for others to join it.
    """

    engine: Engine = "auto"
    precision: Precision = "fp32"
    threads: int = 0
    max_batch: int = 8
    batch_wait_s: float = 0.004


class Networks:
    """The networks of all the pipelines of a process.

    Args:
        config: What is to run them.
        wrap: Put around each predictor.
    """

    def __init__(
        self, config: EngineConfig, wrap: Callable[[Predictor], Predictor] = lambda it: it
    ) -> None:
        threads = config.threads or available_cores()
        self.config = replace(config, threads=threads)
        self._wrap = wrap
        self._loaded: dict[str, tuple[Network, str]] = {}

    def load(self, stored: StoredNetwork) -> tuple[Network, str]:
        """Returns a network and the engine that runs it.

        Raises:
            EngineError: The engine can not run it.
        """
        name = stored.spec.name
        if name not in self._loaded:
            config = self.config
            predictor = PaddlePredictor(stored, config.engine, config.precision, config.threads)
            network = Network(stored.spec, self._wrap(predictor), config.batch_wait_s)
            self._loaded[name] = network, predictor.engine
        return self._loaded[name]

    def calibrate(self) -> None:
        """Measures which of the networks gain by joining inputs; before anybody uses them.

        Raises:
            EngineError: An engine failed.
        """
        for network, _ in self._loaded.values():
            network.calibrate(self.config.max_batch)
