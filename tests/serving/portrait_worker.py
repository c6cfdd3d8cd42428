"""A worker process that never answers upright pictures, on the address that it is given."""

import sys
import threading

import numpy as np
from posewire_server.inference.engine.engine_config import EngineConfig
from posewire_server.inference.engine.network import Network
from posewire_server.inference.estimators.part_affinity import PafEstimator
from posewire_server.inference.pipeline import Pipeline
from posewire_server.serving.front.worker_process import end_with_stdin
from posewire_server.serving.rpc.server_config import Limits, ServerConfig
from posewire_server.serving.serve import serve_pipelines

from tests.serving.gated_predictor import NETWORK, SPEC, GatedPredictor
from tests.serving.pictures import encode, noise

UPRIGHT = encode(noise(24, 48))


class PortraitPredictor(GatedPredictor):
    """Waits for ever on what is higher than wide."""

    def run(self, inputs: "np.ndarray[tuple[int, ...], np.dtype[np.float32]]") -> list[np.ndarray]:
        if inputs.shape[3] < inputs.shape[2]:
            threading.Event().wait()
        return super().run(inputs)


def serve(address: str, grace_s: str = "1.0") -> int:
    end_with_stdin()
    system = PafEstimator(SPEC, Network(NETWORK, PortraitPredictor()))
    pipeline = Pipeline(SPEC, "v1", system, EngineConfig("plain", "fp32", 1))
    config = ServerConfig(address=address, frame_threads=8, grace_s=float(grace_s), limits=Limits())
    return serve_pipelines(config, {SPEC.name: pipeline})


if __name__ == "__main__":
    sys.exit(serve(*sys.argv[1:]))
