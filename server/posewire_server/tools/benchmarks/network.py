"""How long each network takes in the server's engine, beside OpenVINO itself.

Both run the same program, in fp32, on the same number of threads, one after the other in turns;
the ratio is the median over the turns, so that other load on the machine meets both.
"""

import importlib.util
import statistics
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final, Self

from posewire_server.errors import ConfigError, EngineError, ErrorReason, LocalReason
from posewire_server.inference.engine.self_check import check_engines
from posewire_server.models.catalog.mediapipe_networks import MEDIAPIPE_NETWORKS
from posewire_server.models.catalog.networks import EFFICIENTPOSE, TFPOSE
from posewire_server.models.catalog.spec import NetworkSpec
from posewire_server.models.weights.network_store import NetworkStore
from posewire_server.runtime import available_cores
from posewire_server.tools.benchmarks import network_peer
from posewire_server.tools.benchmarks.figure import Figure

TURNS: Final = 30
# The target and the numbers of threads of each; small networks gain nothing by a second thread.
NETWORKS: Final[tuple[tuple[NetworkSpec, str, tuple[int, ...]], ...]] = (
    (TFPOSE, "<= 1.05", (1, 2)),
    (EFFICIENTPOSE, "<= 1.30", (1,)),
    *((spec, "<= 1.30", (1,)) for spec in MEDIAPIPE_NETWORKS),
)


class Peer:
    """A runtime in a process of its own, ready to run.

    Raises:
        EngineError: ENGINE_FAILED where its process ends; its message has gone to standard error.
    """

    def __init__(self, name: str, spec: NetworkSpec, cache: Path, threads: int) -> None:
        arguments = [name, spec.name, str(cache), str(threads)]
        command = [sys.executable, "-m", network_peer.__name__, *arguments]
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
        ConfigError: PEER_UNAVAILABLE where OpenVINO is not installed.
        EngineError: ENGINE_FAILED where a runtime fails.
        WeightsError: A network is not in the cache and cannot be pulled.
    """
    if importlib.util.find_spec("openvino") is None:
        text = "the network bench needs openvino to compare with; pip install 'posewire[bench]'"
        raise ConfigError(LocalReason.PEER_UNAVAILABLE, text)
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
            stack.enter_context(Peer(name, spec, cache, threads))
            for name in ("posewire", "openvino")
        ]
        for peer in peers:
            peer.wait_until_ready()
        times = [_take_turns(peers, turn) for turn in range(turns)]
    ours, theirs = zip(*times, strict=True)
    ratio = statistics.median(our / their for our, their in times)
    size = "x".join(str(length) for length in network_peer.shape_of(spec))
    title = f"network: {spec.name} {size}, {threads} thread{'s' * (threads > 1)}"
    return [
        Figure(f"{title}, posewire", 1000 * statistics.median(ours), "ms", "", turns),
        Figure(f"{title}, OpenVINO", 1000 * statistics.median(theirs), "ms", "", turns),
        Figure(f"{title}, posewire over OpenVINO", ratio, "x", target, turns),
    ]


def _take_turns(peers: list[Peer], turn: int) -> tuple[float, float]:
    """Runs both once, every second time in the other order; returns their times in the first."""
    if turn % 2:
        theirs, ours = peers[1].run_s(), peers[0].run_s()
    else:
        ours, theirs = peers[0].run_s(), peers[1].run_s()
    return ours, theirs
