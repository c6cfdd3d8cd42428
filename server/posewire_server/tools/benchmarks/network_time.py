"""Time of one run of each network in the engine, compared with OpenVINO itself.

Both run the same program in fp32 with the same number of threads, in turns; the ratio is the median
over the turns, so other load on the machine affects both. Each runs in a process of its own, since
each has its own OpenVINO: ``python -m MODULE posewire|openvino NETWORK CACHE THREADS`` answers each
line of its input with the seconds of one run.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final, Self

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
# The target and the numbers of threads of each; small networks gain nothing by a second thread.
NETWORKS: Final[tuple[tuple[NetworkSpec, str, tuple[int, ...]], ...]] = (
    (TFPOSE, "<= 1.05", (1, 2)),
    (EFFICIENTPOSE, "<= 1.30", (1,)),
    *((spec, "<= 1.30", (1,)) for spec in MEDIAPIPE_NETWORKS),
)


class PeerProcess:
    """Process of one runtime.

    Raises:
        EngineError: ENGINE_FAILED if the process ends; its message is on standard error.
    """

    def __init__(self, name: str, spec: NetworkSpec, cache: Path, threads: int) -> None:
        arguments = [name, spec.name, str(cache), str(threads)]
        command = [sys.executable, "-m", __name__, *arguments]
        self._name = name
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def wait_until_ready(self) -> None:
        """Returns when the network is loaded and has run once."""
        self._read()

    def run_s(self) -> float:
        """Runs once; returns the seconds it took."""
        if self._process.stdin is not None:
            print(file=self._process.stdin, flush=True)
        return float(self._read())

    def _read(self) -> str:
        line = self._process.stdout.readline() if self._process.stdout is not None else ""
        if not line:
            raise EngineError(
                ErrorReason.ENGINE_FAILED, f"the process of {self._name} ended unexpectedly"
            )
        return line.strip()


def measure(cache: Path, turns: int = TURNS, names: Sequence[str] = ()) -> list[Figure]:
    """Returns times and their ratio, for every number of threads a network is measured with.

    Args:
        cache: The folder of the cache.
        turns: How often each runtime runs.
        names: Of the networks; none means the body network and those in the cache.

    Raises:
        ConfigError: EXTRA_MISSING if OpenVINO is not installed.
        EngineError: ENGINE_FAILED where a runtime fails.
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
        peers = [
            stack.enter_context(PeerProcess(name, spec, cache, threads))
            for name in ("posewire", "openvino")
        ]
        for peer in peers:
            peer.wait_until_ready()
        times = [_take_turns(peers, turn) for turn in range(turns)]
    ours, theirs = zip(*times, strict=True)
    ratio = statistics.median(our / their for our, their in times)
    size = "x".join(str(length) for length in shape_of(spec))
    title = f"network: {spec.name} {size}, {threads} thread{'s' * (threads > 1)}"
    return [
        Figure(f"{title}, posewire", 1000 * statistics.median(ours), "ms", "", turns),
        Figure(f"{title}, OpenVINO", 1000 * statistics.median(theirs), "ms", "", turns),
        Figure(f"{title}, posewire over OpenVINO", ratio, "x", target, turns),
    ]


def _take_turns(peers: list[PeerProcess], turn: int) -> tuple[float, float]:
    """Runs both once, every second time in the other order; returns their times in the first."""
    if turn % 2:
        theirs, ours = peers[1].run_s(), peers[0].run_s()
    else:
        ours, theirs = peers[0].run_s(), peers[1].run_s()
    return ours, theirs


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
