"""Settings of a server, as plain data."""

from dataclasses import dataclass, field

from posewire_server.frame import MAX_PIXELS
from posewire_server.inference.engine.engine_config import EngineConfig


@dataclass(frozen=True)
class Limits:
    """Limits of requests; ``posewire.v1.Limits`` documents each field."""

    max_message_bytes: int = 32 * 1024 * 1024
    max_image_pixels: int = MAX_PIXELS
    max_streams: int = 100
    max_in_flight: int = 16
    max_bytes_in_flight: int = 512 * 1024 * 1024


@dataclass(frozen=True)
class ServerConfig:
    """Settings of a server.

    Attributes:
        address: ``host:port`` (port 0 picks one), or ``unix:/path``.
        frame_threads: Frames worked on at once; 0: 2, which keeps a predictor busy, or as many as
            fill its batches.
        grace_s: Longest time for open calls to end after SIGTERM.
        reuse_port: Whether other processes may listen on the same port.
        resume_targets: Servers that clients resume on when this one drains, best first.
        metrics_address: ``host:port`` of the metrics for Prometheus; empty: none.
        workers: Processes behind the address; 1: this process alone.
    """

    address: str = "127.0.0.1:50051"
    models: tuple[str, ...] = ("body",)
    engine: EngineConfig = field(default_factory=EngineConfig)
    limits: Limits = field(default_factory=Limits)
    frame_threads: int = 0
    grace_s: float = 10.0
    reuse_port: bool = False
    resume_targets: tuple[str, ...] = ()
    metrics_address: str = ""
    workers: int = 1
