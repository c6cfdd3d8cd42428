"""What a server says on standard output: where it can be reached."""

from posewire_server.serving.server_process import METRICS, READY


def announce(address: str) -> None:
    """Says that calls are answered."""
    print(f"{READY}{address}", flush=True)


def announce_metrics(url: str) -> None:
    """Says where metrics are, if they are shown."""
    if url:
        print(f"{METRICS}{url}", flush=True)
