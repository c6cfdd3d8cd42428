"""Time of decoding on one thread, compared with one read of the same maps and with the peers.

The targets were set with a read by a vector kernel. NumPy's maximum of the same maps takes 1.12
times as long (1.09 to 1.16 over four interleaved runs with AVX-512), so ratios are multiplied by
that to be comparable.
"""

import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Final

import numpy as np

from posewire_server.inference.decode.paf import Algorithm, PafDecode
from posewire_server.skeletons import OPENPOSE18, OPENPOSE18_PAF_CHANNELS
from posewire_server.tools.benchmarks.figure import Figure
from posewire_server.tools.benchmarks.scenes import make_scene

# Longest decoding by number of people, in reads of the 57 maps.
TARGETS: Final = {0: 1.4, 5: 6.0, 20: 14.0, 100: 116.0}
NUMPY_READ: Final = 1.12  # in reads by the kernel
PEERS: Final[tuple[Algorithm, ...]] = ("openpose", "paddlehub")
TURNS: Final = 40
PEER_TURNS: Final = 3

Calls = dict[str, Callable[[], object]]


def measure(seed: int = 0) -> list[Figure]:
    """Returns times and ratios at 46x82 maps, medians over interleaved turns."""
    figures = []
    for people, bound in TARGETS.items():
        scene = make_scene(max(people, 1), "656", "clean", seed)
        maps = np.concatenate([scene.heatmaps, scene.pafs])
        if people == 0:
            maps = np.zeros_like(maps)
        decodes: Calls = {
            name: partial(make_decoder(name).find, maps, scene.size, scene.size)
            for name in ("fast", *PEERS)
        }
        calls: Calls = {"read": maps.max, "fast": decodes.pop("fast")}
        times = _interleave(calls, TURNS, repeat=10)
        ratio = NUMPY_READ * statistics.median(
            fast / read for fast, read in zip(times["fast"], times["read"], strict=True)
        )
        name = f"decode, {people} people"
        figures.append(Figure(name, 1e3 * statistics.median(times["fast"]), "ms", "", TURNS))
        figures.append(Figure(f"{name}, by one read", ratio, "x", f"<= {bound}", TURNS))
        for peer, times_s in _interleave(decodes, PEER_TURNS, repeat=1).items():
            title, median_ms = (
                f"decode as {peer}, {people} people",
                1e3 * statistics.median(times_s),
            )
            figures.append(Figure(title, median_ms, "ms", "", PEER_TURNS))
    return figures


def make_decoder(algorithm: Algorithm) -> PafDecode:
    """Returns a decoder of the scenes' skeleton."""
    return PafDecode(OPENPOSE18, OPENPOSE18_PAF_CHANNELS, algorithm)


def _interleave(calls: Calls, turns: int, repeat: int) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(turns):
        for name, call in calls.items():
            call()
            start = time.perf_counter()
            for _ in range(repeat):
                call()
            times[name].append((time.perf_counter() - start) / repeat)
    return times
