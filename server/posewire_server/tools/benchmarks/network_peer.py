"""One runtime of the network benchmark in its own process: each has its own OpenVINO.

``python -m MODULE posewire|openvino NETWORK CACHE THREADS`` answers each line of its input with the
seconds of one run.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from posewire_server.inference.engine.predictor import PaddlePredictor
from posewire_server.inference.engine.self_check import check_engines
from posewire_server.models.catalog.networks import find_network
from posewire_server.models.catalog.spec import NetworkSpec
from posewire_server.models.weights.manifest import StoredNetwork
from posewire_server.models.weights.network_store import NetworkStore

WIDTH: Final = 432  # Of networks that take any width.
SEED: Final = 5

Array = npt.NDArray[np.float32]
Run = Callable[[Array], object]


def main(peer: str, name: str, cache: str, threads: str) -> None:
    """Runs once for each line of the input, until it ends."""
    model = NetworkStore(Path(cache), check_engines).pull(find_network(name))
    build = {"posewire": build_posewire, "openvino": build_openvino}[peer]
    run = build(model, int(threads))
    shape = shape_of(model.spec)
    inputs = np.random.default_rng(SEED).uniform(0, 255, shape).astype(np.float32)
    run(inputs)
    print("ready", flush=True)
    for _ in sys.stdin:
        begin = time.perf_counter()
        run(inputs)
        print(time.perf_counter() - begin, flush=True)


def shape_of(spec: NetworkSpec) -> tuple[int, int, int, int]:
    """Returns the shape of the inputs that a network is measured with."""
    width = spec.input.max_width if spec.input.is_fixed else WIDTH
    return 1, spec.input.channels, spec.input.height, width


def build_posewire(model: StoredNetwork, threads: int) -> Run:
    """Returns a run of the server's own predictor, its copies of input and output included."""
    return PaddlePredictor(model, "openvino", "fp32", threads).run


def build_openvino(model: StoredNetwork, threads: int) -> Run:
    """Returns a run of OpenVINO itself at its best: a fixed shape and no copies."""
    import openvino

    core = openvino.Core()
    network = core.read_model(*model.program)
    network.reshape(list(shape_of(model.spec)))
    settings = {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32"}
    request = core.compile_model(network, "CPU", settings).create_infer_request()
    return lambda inputs: request.infer([inputs], share_inputs=True, share_outputs=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
