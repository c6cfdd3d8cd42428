"""Server whose network does nothing, for measuring the time of serving."""

import functools
import sys

import numpy as np
import numpy.typing as npt

from posewire_server.inference.engine.engine_config import EngineConfig
from posewire_server.inference.engine.network import Network
from posewire_server.inference.estimators.part_affinity import PafEstimator
from posewire_server.inference.pipeline import Pipeline
from posewire_server.models.catalog.catalog import BODY
from posewire_server.models.catalog.network_catalog import TFPOSE
from posewire_server.serving.front.worker_process import end_with_stdin
from posewire_server.serving.rpc.server_config import ServerConfig
from posewire_server.serving.serve import serve_pipelines

Array = npt.NDArray[np.float32]


class NoopPredictor:
    """Predictor of the body network that returns empty maps at once."""

    def run(self, inputs: Array) -> list[Array]:
        """Returns the same (1, 57, h / 8, w / 8) zeros for each size of input."""
        return [_zeros(TFPOSE.outputs[0].shape_of(1, *inputs.shape[2:]))]


@functools.cache
def _zeros(shape: tuple[int, ...]) -> Array:
    return np.zeros(shape, np.float32)


def noop_pipeline() -> Pipeline:
    """Returns the body model's pipeline without its network."""
    estimator = PafEstimator(BODY, Network(TFPOSE, NoopPredictor()))
    return Pipeline(BODY, "noop", estimator, EngineConfig("plain", "fp32", 1))


def _serve(address: str = "127.0.0.1:0", metrics_address: str = "") -> int:
    """Serves on the loopback interface, or as a worker on the address that a front gives."""
    if address.startswith("unix:"):
        end_with_stdin()
    config = ServerConfig(address=address, metrics_address=metrics_address)
    return serve_pipelines(config, {"body": noop_pipeline()})


if __name__ == "__main__":
    sys.exit(_serve(*sys.argv[1:]))
