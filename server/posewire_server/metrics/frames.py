"""What becomes of frames, and where their time goes; measured only where somebody reads it.

The measurements of one frame take a tenth of a millisecond, much of what serving adds to it.
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

_IS_READ = threading.Event()


def measure_from_now_on() -> None:
    """Says that somebody reads the metrics; called before anything is served."""
    _IS_READ.set()


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


class _Unread(ModelMeter):
    """Takes no note of anything."""

    def __init__(self) -> None:
        pass

    def note_result(self) -> None:
        pass

    def note_error(self, reason: str) -> None:
        pass

    def note_dropped(self, reason: str, count: int) -> None:
        pass

    def note_timings(self, timings: Timings) -> None:
        pass

    def note_stream(self, *, opened: bool) -> None:
        pass


_UNREAD = _Unread()


def meter_of(model: str) -> ModelMeter:
    """Returns the one meter of a model; one that takes no note where nobody reads it."""
    return _meter_of(model) if _IS_READ.is_set() else _UNREAD


@functools.cache
def _meter_of(model: str) -> ModelMeter:
    return ModelMeter(model)


@functools.cache
def _batches_of(network: str) -> Histogram:
    return _BATCHES.labels(network)


def note_batch(network: str, size: int) -> None:
    """Measures a run of a network."""
    if _IS_READ.is_set():
        _batches_of(network).observe(size)
