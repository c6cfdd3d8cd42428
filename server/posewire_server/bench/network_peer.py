"""One runtime of the network bench, in a process of its own, since both bring their own OpenVINO.

``python -m posewire_server.bench.network_peer posewire|openvino CACHE THREADS`` answers each line
of its input with the seconds of one run.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from posewire_server.engine.predictor import PaddlePredictor
from posewire_server.models.manifest import StoredNetwork
from posewire_server.models.networks import TFPOSE
from posewire_server.models.store import Store

SHAPE: Final = (1, 3, 368, 432)
SEED: Final = 5

Array = npt.NDArray[np.float32]
Run = Callable[[Array], object]


def main(peer: str, cache: str, threads: str) -> None:
    """Runs once for each line of the input, until it ends."""
    model = Store(Path(cache)).pull(TFPOSE)
    build = {"posewire": build_posewire, "openvino": build_openvino}[peer]
    run = build(model, int(threads))
    inputs = np.random.default_rng(SEED).uniform(0, 255, SHAPE).astype(np.float32)
    run(inputs)
    print("ready", flush=True)
    for _ in sys.stdin:
        begin = time.perf_counter()
        run(inputs)
        print(time.perf_counter() - begin, flush=True)


def build_posewire(model: StoredNetwork, threads: int) -> Run:
    """Returns a run of the server's own predictor, its copies of input and output included."""
    return PaddlePredictor(model, "openvino", "fp32", threads).run


def build_openvino(model: StoredNetwork, threads: int) -> Run:
    """Returns a run of OpenVINO itself at its best: a fixed shape and no copies."""
    import openvino

    core = openvino.Core()
    network = core.read_model(model.program, model.parameters)
    network.reshape(list(SHAPE))
    settings = {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32"}
    request = core.compile_model(network, "CPU", settings).create_infer_request()
    return lambda inputs: request.infer([inputs], share_inputs=True, share_outputs=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
