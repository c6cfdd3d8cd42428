"""HTTP endpoint that Prometheus scrapes, for one process or for a front and its workers.

A worker writes its values to files in a folder that the front reads. prometheus_client turns this
on when a worker imports it with ``FOLDER_VARIABLE`` in the environment.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from posewire_server.errors import ConfigError, LocalReason

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
Numbers = Callable[[], Mapping[int, int]]


@contextlib.contextmanager
def serve_metrics(registry: CollectorRegistry, address: str) -> Iterator[str]:
    """Serves metrics over HTTP in a thread for the duration of a ``with`` block; yields the URL.

    Port 0 picks a free one. Without an address there is no endpoint, and the URL is empty.

    Raises:
        ConfigError: ADDRESS_UNUSABLE.
    """
    if not address:
        yield ""
        return
    host, _, port = address.rpartition(":")
    try:
        server, thread = start_http_server(int(port), host.strip("[]"), registry)
    except (OSError, OverflowError, ValueError) as error:
        text = f"cannot serve metrics on {address}; give host:port of a port that is free"
        raise ConfigError(LocalReason.ADDRESS_UNUSABLE, text) from error
    try:
        yield f"http://{host}:{server.server_port}/metrics"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class WorkersCollector:
    """Collector of the open streams and restarts by worker, counted at the time of a scrape."""

    def __init__(self, streams: Numbers, restarts: Numbers) -> None:
        self._streams = streams
        self._restarts = restarts

    def collect(self) -> Iterator[Metric]:
        """Yields the metrics; prometheus_client calls it in the endpoint's thread."""
        streams = GaugeMetricFamily(
            "posewire_worker_streams", "Detect streams of a worker that serves.", labels=["worker"]
        )
        restarts = CounterMetricFamily(
            "posewire_worker_restarts", "How often a worker was replaced.", labels=["worker"]
        )
        for metric, numbers in ((streams, self._streams()), (restarts, self._restarts())):
            for place, count in numbers.items():
                metric.add_metric([str(place)], count)
            yield metric


def combined_registry(own: WorkersCollector, folder: Path) -> CollectorRegistry:
    """Returns a registry of the front's own metrics and those that its workers keep in a folder."""
    registry = CollectorRegistry()
    registry.register(own)
    MultiProcessCollector(registry, path=str(folder))  # type: ignore[no-untyped-call]
    return registry


def remove_worker(pid: int, folder: Path) -> None:
    """Removes the gauges of a worker that has ended; its counters stay."""
    mark_process_dead(pid, path=str(folder))  # type: ignore[no-untyped-call]
