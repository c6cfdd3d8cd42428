"""How long the body network takes in the server's engine, beside OpenVINO itself.

Both run the same program, in fp32, on the same number of threads, one after the other in turns;
the ratio is the median over the turns, so that other load on the machine meets both.
"""

import importlib.util
import os
import statistics
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from posewire_server.bench import network_peer
from posewire_server.bench.figure import Figure
from posewire_server.errors import ConfigError, EngineError
from posewire_server.models.networks import TFPOSE
from posewire_server.models.store import Store

TURNS: Final = 30
TARGET: Final = "<= 1.05"


class Peer:
    """A runtime in a process of its own, ready to run.

    Raises:
        EngineError: ENGINE_FAILED where its process ends; its message has gone to standard error.
    """

    def __init__(self, name: str, cache: Path, threads: int) -> None:
        command = [sys.executable, "-m", network_peer.__name__, name, str(cache), str(threads)]
        self._name = name
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
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
            raise EngineError("ENGINE_FAILED", f"the process of {self._name} ended unexpectedly")
        return line.strip()


def measure(cache: Path, turns: int = TURNS) -> list[Figure]:
    """Returns times and their ratio for 1 thread and, where there are two cores, for 2.

    Raises:
        ConfigError: PEER_UNAVAILABLE where OpenVINO is not installed.
        EngineError: ENGINE_FAILED where a runtime fails.
        WeightsError: The model is not in the cache and cannot be pulled.
    """
    if importlib.util.find_spec("openvino") is None:
        text = "the network bench needs openvino to compare with; pip install 'posewire[bench]'"
        raise ConfigError("PEER_UNAVAILABLE", text)
    Store(cache).pull(TFPOSE)
    cores = len(os.sched_getaffinity(0))
    return [
        figure
        for threads in (1, 2)
        if threads <= cores
        for figure in _compare(cache, threads, turns)
    ]


def _compare(cache: Path, threads: int, turns: int) -> list[Figure]:
    with ExitStack() as stack:
        peers = [
            stack.enter_context(Peer(name, cache, threads)) for name in ("posewire", "openvino")
        ]
        for peer in peers:
            peer.wait_until_ready()
        times = [_take_turns(peers, turn) for turn in range(turns)]
    ours, theirs = zip(*times, strict=True)
    ratio = statistics.median(our / their for our, their in times)
    size = "x".join(str(length) for length in network_peer.SHAPE)
    title = f"network: body {size}, {threads} thread{'s' * (threads > 1)}"
    return [
        Figure(f"{title}, posewire", 1000 * statistics.median(ours), "ms", "", turns),
        Figure(f"{title}, OpenVINO", 1000 * statistics.median(theirs), "ms", "", turns),
        Figure(f"{title}, posewire over OpenVINO", ratio, "x", TARGET, turns),
    ]


def _take_turns(peers: list[Peer], turn: int) -> tuple[float, float]:
    """Runs both once, every second time in the other order; returns their times in the first."""
    if turn % 2:
        theirs, ours = peers[1].run_s(), peers[0].run_s()
    else:
        ours, theirs = peers[0].run_s(), peers[1].run_s()
    return ours, theirs
