"""Prometheus metrics of frames, streams and batches; recorded only if they are exposed.

Recording one frame takes a tenth of a millisecond, a large share of the server's own overhead.
"""

import threading

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from posewire_server.outcome import Timings

REGISTRY = CollectorRegistry()
_SECONDS = (0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_SIZES = (1, 2, 4, 8, 16)
_FRAMES = Counter(
    "posewire_frames",
    "Frames by outcome: result, error or dropped; errors and drops have a reason.",
    ("model", "outcome", "reason"),
    registry=REGISTRY,
)
_STAGES = Histogram(
    "posewire_stage_seconds",
    "Seconds of one frame in wait, decode, infer and post.",
    ("model", "stage"),
    buckets=_SECONDS,
    registry=REGISTRY,
)
_STREAMS = Gauge(
    "posewire_streams_open",
    "Detect streams that are open.",
    ("model",),
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
_BATCHES = Histogram(
    "posewire_batch_size",
    "Inputs of one run of a network.",
    ("network",),
    buckets=_SIZES,
    registry=REGISTRY,
)

_ENABLED = threading.Event()


def enable_metrics() -> None:
    """Turns recording on; called before anything is served."""
    _ENABLED.set()


class ModelMetrics:
    """Metrics of one model; nothing is recorded before ``enable_metrics``."""

    def __init__(self, model: str) -> None:
        self._model = model

    def count_result(self) -> None:
        """Counts a frame whose outcome is a result."""
        self._count("result", "", 1)

    def count_error(self, reason: str) -> None:
        """Counts a frame whose outcome is an error."""
        self._count("error", reason, 1)

    def count_dropped(self, reason: str, count: int) -> None:
        """Counts dropped frames."""
        self._count("dropped", reason, count)

    def _count(self, outcome: str, reason: str, count: int) -> None:
        if _ENABLED.is_set():
            _FRAMES.labels(self._model, outcome, reason).inc(count)

    def observe_timings(self, timings: Timings) -> None:
        """Records how long each stage of a frame took."""
        if _ENABLED.is_set():
            for stage, seconds in vars(timings).items():
                _STAGES.labels(self._model, stage.removesuffix("_s")).observe(seconds)

    def count_stream(self, *, opened: bool) -> None:
        """Counts a stream that opens or ends."""
        if _ENABLED.is_set():
            _STREAMS.labels(self._model).inc(1 if opened else -1)


def observe_batch(network: str, size: int) -> None:
    """Records the batch size of one run of a network."""
    if _ENABLED.is_set():
        _BATCHES.labels(network).observe(size)
