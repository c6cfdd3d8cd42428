"""What becomes of frames, and where their time goes."""

import functools

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from posewire_server.outcome import Timings

REGISTRY = CollectorRegistry()
_SECONDS = (0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_SIZES = (1, 2, 4, 8, 16)
_FRAMES = Counter(
    "posewire_frames",
    "Frames that have their outcome: result, error or dropped; the reason of the last two.",
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


class ModelMeter:
    """Counts what becomes of one model's frames.

    Args:
        model: Its name.
    """

    def __init__(self, model: str) -> None:
        self._model = model
        self._results = _FRAMES.labels(model, "result", "")
        self._streams = _STREAMS.labels(model)
        self._wait, self._decode, self._infer, self._post = (
            _STAGES.labels(model, stage) for stage in ("wait", "decode", "infer", "post")
        )

    def note_result(self) -> None:
        """Counts a frame that has its poses."""
        self._results.inc()

    def note_error(self, reason: str) -> None:
        """Counts a frame that has an error."""
        _FRAMES.labels(self._model, "error", reason).inc()

    def note_dropped(self, reason: str, count: int) -> None:
        """Counts frames that were dropped."""
        _FRAMES.labels(self._model, "dropped", reason).inc(count)

    def note_timings(self, timings: Timings) -> None:
        """Measures the stages of a frame."""
        self._wait.observe(timings.wait_s)
        self._decode.observe(timings.decode_s)
        self._infer.observe(timings.infer_s)
        self._post.observe(timings.post_s)

    def note_stream(self, *, opened: bool) -> None:
        """Counts a stream that opens, or ends."""
        self._streams.inc(1 if opened else -1)


@functools.cache
def meter_of(model: str) -> ModelMeter:
    """Returns the one meter of a model."""
    return ModelMeter(model)


@functools.cache
def _batches_of(network: str) -> Histogram:
    return _BATCHES.labels(network)


def note_batch(network: str, size: int) -> None:
    """Measures a run of a network."""
    _batches_of(network).observe(size)
