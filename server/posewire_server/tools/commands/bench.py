"""``posewire-server bench``: measures decoding, networks and serving on this machine."""

from collections.abc import Sequence
from pathlib import Path

from posewire_server.tools.benchmarks import (
    live_stream,
    network_time,
    paf_decoding,
    server_overhead,
)
from posewire_server.tools.benchmarks.figure import run_groups


def run(chosen: Sequence[str], cache: Path, *, as_json: bool) -> int:
    """Measures and prints the chosen groups or all; returns 0 if every one could be measured."""
    groups = {
        "paf": paf_decoding.measure,
        "network": lambda: network_time.measure(cache),
        "server": lambda: server_overhead.measure(cache),
        "live": lambda: live_stream.measure(cache),
    }
    return run_groups(groups, chosen, as_json=as_json)
