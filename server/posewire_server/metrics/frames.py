"""Prometheus metrics of frames, streams and batches; recorded only if they are exposed.

Recording one frame takes a tenth of a millisecond, a large share of the server's own overhead.
"""

import functools
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
    """Counts outcomes and streams of one model and measures the stages of its frames."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._results = _FRAMES.labels(model, "result", "")
        self._streams = _STREAMS.labels(model)
        self._wait, self._decode, self._infer, self._post = (
            _STAGES.labels(model, stage) for stage in ("wait", "decode", "infer", "post")
        )

    def count_result(self) -> None:
        """Counts a frame whose outcome is a result."""
        self._results.inc()

    def count_error(self, reason: str) -> None:
        """Counts a frame whose outcome is an error."""
        _FRAMES.labels(self._model, "error", reason).inc()

    def count_dropped(self, reason: str, count: int) -> None:
        """Counts dropped frames."""
        _FRAMES.labels(self._model, "dropped", reason).inc(count)

    def observe_timings(self, timings: Timings) -> None:
        """Records how long each stage of a frame took."""
        self._wait.observe(timings.wait_s)
        self._decode.observe(timings.decode_s)
        self._infer.observe(timings.infer_s)
        self._post.observe(timings.post_s)

    def count_stream(self, *, opened: bool) -> None:
        """Counts a stream that opens or ends."""
        self._streams.inc(1 if opened else -1)


class _DisabledMetrics(ModelMetrics):
    """Records nothing."""

    def __init__(self) -> None:
        pass

    def count_result(self) -> None:
        pass

    def count_error(self, reason: str) -> None:
        pass

    def count_dropped(self, reason: str, count: int) -> None:
        pass

    def observe_timings(self, timings: Timings) -> None:
        pass

    def count_stream(self, *, opened: bool) -> None:
        pass


_DISABLED = _DisabledMetrics()


def metrics_of(model: str) -> ModelMetrics:
    """Returns the metrics of a model; they record nothing unless ``enable_metrics`` was called."""
    return _metrics_of(model) if _ENABLED.is_set() else _DISABLED


@functools.cache
def _metrics_of(model: str) -> ModelMetrics:
    return ModelMetrics(model)


@functools.cache
def _batches_of(network: str) -> Histogram:
    return _BATCHES.labels(network)


def observe_batch(network: str, size: int) -> None:
    """Records the batch size of one run of a network."""
    if _ENABLED.is_set():
        _batches_of(network).observe(size)
