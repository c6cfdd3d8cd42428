"""Time of one run of each network in the engine, compared with OpenVINO itself.

Both run the same program in fp32 with the same number of threads, in turns; the ratio is the median
over the turns, so other load on the machine affects both. Each runs in a process of its own, since
each has its own OpenVINO.
"""

import functools
import multiprocessing
import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from posewire_server.errors import EngineError, ErrorReason
from posewire_server.inference.engine.predictor import PaddlePredictor
from posewire_server.inference.engine.self_check import check_engines
from posewire_server.models.catalog.mediapipe_networks import MEDIAPIPE_NETWORKS
from posewire_server.models.catalog.network_catalog import EFFICIENTPOSE, TFPOSE, find_network
from posewire_server.models.catalog.spec import NetworkSpec
from posewire_server.models.weights.manifest import StoredNetwork
from posewire_server.models.weights.network_store import NetworkStore
from posewire_server.runtime import available_cores
from posewire_server.tools.benchmarks.figure import Figure
from posewire_server.tools.extras import require

TURNS: Final = 30
# Target and numbers of threads of each network; small ones gain nothing by a second thread.
NETWORKS: Final[tuple[tuple[NetworkSpec, str, tuple[int, ...]], ...]] = (
    (TFPOSE, "<= 1.05", (1, 2)),
    (EFFICIENTPOSE, "<= 1.30", (1,)),
    *((spec, "<= 1.30", (1,)) for spec in MEDIAPIPE_NETWORKS),
)


WIDTH: Final = 432  # of networks that take any width

Array = npt.NDArray[np.float32]
Run = Callable[[Array], object]
Build = Callable[[StoredNetwork, int], Run]


def measure(cache: Path, turns: int = TURNS, names: Sequence[str] = ()) -> list[Figure]:
    """Returns times and their ratio, for every number of threads a network is measured with.

    Args:
        turns: Number of runs of each runtime.
        names: Names of the networks; empty: the body network and those in the cache.

    Raises:
        ConfigError: EXTRA_MISSING if OpenVINO is not installed.
        EngineError: ENGINE_FAILED if a runtime fails.
        WeightsError: A network is not in the cache and cannot be pulled.
    """
    require("openvino", "bench")
    store = NetworkStore(cache, check_engines)
    store.pull(TFPOSE)
    cores = available_cores()
    return [
        figure
        for spec, target, threads in NETWORKS
        if (spec.name in names if names else store.find(spec) is not None)
        for count in threads
        if count <= cores
        for figure in _compare(spec, target, cache, count, turns)
    ]


def _compare(spec: NetworkSpec, target: str, cache: Path, threads: int, turns: int) -> list[Figure]:
    with ExitStack() as stack:

        def start(build: Build) -> Callable[[], float]:
            context = multiprocessing.get_context("spawn")
            process = stack.enter_context(ProcessPoolExecutor(1, context))
            return lambda: process.submit(_run_s, build, spec.name, cache, threads).result()

        peers = start(build_posewire), start(build_openvino)
        try:
            _take_turns(peers, 0)
            times = [_take_turns(peers, turn) for turn in range(turns)]
        except Exception as error:
            text = f"network {spec.name} cannot be measured: {error}"
            raise EngineError(ErrorReason.ENGINE_FAILED, text) from error
    ours, theirs = zip(*times, strict=True)
    ratio = statistics.median(our / their for our, their in times)
    size = "x".join(str(length) for length in shape_of(spec))
    title = f"network: {spec.name} {size}, {threads} thread{'s' * (threads > 1)}"
    return [
        Figure(f"{title}, posewire", 1000 * statistics.median(ours), "ms", "", turns),
        Figure(f"{title}, OpenVINO", 1000 * statistics.median(theirs), "ms", "", turns),
        Figure(f"{title}, posewire over OpenVINO", ratio, "x", target, turns),
    ]


def _take_turns(peers: Sequence[Callable[[], float]], turn: int) -> tuple[float, float]:
    taken_s = {place: peers[place]() for place in ((1, 0) if turn % 2 else (0, 1))}
    return taken_s[0], taken_s[1]


def _run_s(build: Build, name: str, cache: Path, threads: int) -> float:
    """Runs a network once in this process, which loads it the first time; returns the seconds."""
    run = _load(build, name, cache, threads)
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin


@functools.cache
def _load(build: Build, name: str, cache: Path, threads: int) -> Callable[[], object]:
    model = NetworkStore(cache, check_engines).pull(find_network(name))
    inputs = np.random.default_rng(5).uniform(0, 255, shape_of(model.spec)).astype(np.float32)
    run = functools.partial(build(model, threads), inputs)
    run()
    return run


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
