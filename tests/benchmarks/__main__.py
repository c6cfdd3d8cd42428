"""``python -m tests.benchmarks [GROUP...]``: measures all figures on this machine."""

import argparse
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from posewire_server.config import default_cache
from posewire_server.errors import PosewireError
from posewire_server.tools.benchmarks import (
    live_stream,
    network_time,
    paf_decoding,
    server_overhead,
)
from posewire_server.tools.benchmarks.figure import Figure, run_groups

from tests.benchmarks import (
    accuracy,
    batching,
    exactness,
    plain_server,
    soak,
    sources,
    systems,
    tracking,
    video,
    workers,
)


def main() -> int:
    parser = argparse.ArgumentParser("python -m tests.benchmarks", description=__doc__)
    parser.add_argument("groups", nargs="*", metavar="GROUP", help="default: all")
    parser.add_argument("--cache", type=Path, default=default_cache(), metavar="DIR")
    parser.add_argument("--json", action="store_true", help="one JSON object a figure")
    parser.add_argument("--plot", type=Path, metavar="PNG", help="draw the figures")
    parser.add_argument("--labels", type=Path, metavar="FILE", help="labels file for accuracy")
    parser.add_argument("--scenes", type=Path, metavar="FILE", help="scenes module for exactness")
    parser.add_argument("--seed", type=int, default=0, help="first seed of synthetic scenes")
    given = parser.parse_args()
    groups: dict[str, Callable[[], list[Figure]]] = {
        "paf": lambda: paf_decoding.measure(given.seed),
        "exactness": lambda: exactness.measure(given.scenes, given.seed),
        "accuracy": lambda: accuracy.measure(given.cache, given.labels),
        "network": lambda: network_time.measure(given.cache),
        "systems": lambda: systems.measure(given.cache),
        "tracking": lambda: tracking.measure(given.cache, given.seed),
        "server": lambda: plain_server.measure_peer() + server_overhead.measure(given.cache),
        "live": lambda: live_stream.measure(given.cache),
        "video": video.measure,
        "sources": sources.measure,
        "batching": lambda: batching.measure(given.cache),
        "workers": workers.measure,
        "soak": soak.measure,
    }
    figures: list[Figure] = []

    def measure(group: str) -> list[Figure]:
        measured = groups[group]()
        figures.extend(measured)
        return measured

    recorded = {group: partial(measure, group) for group in groups}
    try:
        code = run_groups(recorded, given.groups, as_json=given.json)
    except PosewireError as error:
        print(f"tests.benchmarks: {error}", file=sys.stderr)
        return 1
    if given.plot is not None:
        from tests.benchmarks.plot import plot_figures

        plot_figures(figures, given.plot)
    return code


if __name__ == "__main__":
    sys.exit(main())
