"""The HTTP endpoint that Prometheus scrapes."""

import contextlib
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, start_http_server

from posewire_server.errors import ConfigError, LocalReason


@contextlib.contextmanager
def serve_metrics(registry: CollectorRegistry, address: str) -> Iterator[str]:
    """Serves metrics over HTTP in a thread for the duration of a ``with`` block; yields the URL.

    Args:
        registry: The metrics.
        address: ``host:port``; port 0 picks one. Empty: no endpoint, and the URL is empty.

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
