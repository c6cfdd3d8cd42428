"""A network of no weight: it finds nobody, and waits where a test wants it to."""

import threading
from collections import deque
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from posewire_server.inference.engine.engine_config import EngineConfig
from posewire_server.inference.engine.network import Network
from posewire_server.inference.estimators.part_affinity import PafEstimator
from posewire_server.inference.pipeline import Pipeline
from posewire_server.models.catalog.catalog import BODY
from posewire_server.models.catalog.network_catalog import TFPOSE
from posewire_server.models.catalog.spec import InputSpec, ModelSpec

PATIENCE_S = 60.0
# An eighth of the body model's height: preparing and decoding take no time worth mentioning.
NETWORK = replace(TFPOSE, input=InputSpec(height=48, max_width=96, stride=8))
SPEC = replace(BODY, networks=(NETWORK,))


class GatedPredictor:
    """Attributes:
    gate: Runs wait until it is set; it is set at first.
    started: Released once for each run that began.
    faults: Raised one by one instead of an answer.
    seen: The brightest value of each input of each run.
    network: The network that it runs, for a test to say which batches pay.
    """

    def __init__(self, spec: ModelSpec = SPEC) -> None:
        self.spec = spec
        self.network = Network(NETWORK, self, batch_wait_s=0.0)
        self.seen: list[list[float]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.started = threading.Semaphore(0)
        self.faults: deque[Exception] = deque()

    def run(self, inputs: npt.NDArray[np.float32]) -> list[npt.NDArray[np.float32]]:
        self.seen.append([float(one.max()) for one in inputs])
        self.started.release()
        assert self.gate.wait(PATIENCE_S), "no test opened the gate"
        if self.faults:
            raise self.faults.popleft()
        count, _, height, width = inputs.shape
        return [np.zeros(NETWORK.outputs[0].shape_of(count, height, width), np.float32)]

    def wait_until_started(self) -> None:
        """Returns when one more run has begun."""
        assert self.started.acquire(timeout=PATIENCE_S), "no run began"

    def pipeline(self, max_pixels: int = 40_000_000) -> Pipeline:
        """Returns a pipeline around this network."""
        config = EngineConfig("plain", "fp32", 1)
        system = PafEstimator(self.spec, self.network)
        return Pipeline(self.spec, "v1", system, config, max_pixels, (self.network,))
