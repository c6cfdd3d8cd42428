"""``posewire-server bench``: measures decoding, networks and serving on this machine."""

from dataclasses import dataclass
from pathlib import Path

from posewire_server.tools.benchmarks import (
    live_stream,
    network_time,
    paf_decoding,
    server_overhead,
)
from posewire_server.tools.benchmarks.figure import run_groups


@dataclass(frozen=True)
class BenchConfig:
    """Settings of ``bench``; no groups mean all."""

    groups: tuple[str, ...]
    cache: Path
    json: bool = False


def run(config: BenchConfig) -> int:
    """Measures and prints group by group; returns 0 if every group could be measured."""
    groups = {
        "paf": paf_decoding.measure,
        "network": lambda: network_time.measure(config.cache),
        "server": lambda: server_overhead.measure(config.cache),
        "live": lambda: live_stream.measure(config.cache),
    }
    return run_groups(groups, config.groups, as_json=config.json)
