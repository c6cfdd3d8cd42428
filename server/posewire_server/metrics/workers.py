"""One view over a front and its workers.

A worker keeps its numbers in files of a folder, which the front reads; prometheus_client decides
that in the worker when it is imported, by ``FOLDER_VARIABLE`` of the environment.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
Numbers = Callable[[], Mapping[int, int]]


class WorkersCollector:
    """What a front knows of its workers, read when somebody asks.

    Args:
        streams: Gives the open streams of each place that serves.
        restarts: Gives how often the worker of each place was replaced.
    """

    def __init__(self, streams: Numbers, restarts: Numbers) -> None:
        self._streams = streams
        self._restarts = restarts

    def collect(self) -> Iterator[Metric]:
        """Yields the metrics; called by prometheus_client in a thread of its own."""
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


def joint_registry(own: WorkersCollector, folder: Path) -> CollectorRegistry:
    """Returns what shows the front's own metrics, and those that its workers keep in a folder."""
    registry = CollectorRegistry()
    registry.register(own)
    MultiProcessCollector(registry, path=str(folder))  # type: ignore[no-untyped-call]
    return registry


def forget_worker(pid: int, folder: Path) -> None:
    """Drops what a worker that has ended said of the present; what it counted stays."""
    mark_process_dead(pid, path=str(folder))  # type: ignore[no-untyped-call]
