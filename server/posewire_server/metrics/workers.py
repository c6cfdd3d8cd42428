"""Metrics of a front and its workers in one registry.

A worker writes its values to files in a folder that the front reads. prometheus_client turns this
on when a worker imports it with ``FOLDER_VARIABLE`` in the environment.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
Numbers = Callable[[], Mapping[int, int]]


class WorkersCollector:
    """Collects the number of streams and restarts of each worker at the time of a scrape.

    Args:
        streams: Returns the open streams by worker.
        restarts: Returns the number of restarts by worker.
    """

    def __init__(self, streams: Numbers, restarts: Numbers) -> None:
        self._streams = streams
        self._restarts = restarts

    def collect(self) -> Iterator[Metric]:
        """Yields the metrics; prometheus_client calls it in the endpoint's thread."""
        streams = GaugeMetricFamily(
            "posewire_worker_streams", "Detect streams of a worker that serves.", labels=["worker"]
        )
        for place, count in self._streams().items():
            streams.add_metric([str(place)], count)
        restarts = CounterMetricFamily(
            "posewire_worker_restarts", "How often a worker was replaced.", labels=["worker"]
        )
        for place, count in self._restarts().items():
            restarts.add_metric([str(place)], count)
        yield from (streams, restarts)


def combined_registry(own: WorkersCollector, folder: Path) -> CollectorRegistry:
    """Returns a registry of the front's own metrics and those that its workers keep in a folder."""
    registry = CollectorRegistry()
    registry.register(own)
    MultiProcessCollector(registry, path=str(folder))  # type: ignore[no-untyped-call]
    return registry


def remove_worker(pid: int, folder: Path) -> None:
    """Removes the gauges of a worker that has ended; its counters stay."""
    mark_process_dead(pid, path=str(folder))  # type: ignore[no-untyped-call]
