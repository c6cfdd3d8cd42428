"""Metrics of frames are recorded only if they are exposed."""

import threading

import pytest
from posewire_server.metrics import frames
from posewire_server.metrics.frames import REGISTRY, ModelMetrics, enable_metrics, observe_batch
from posewire_server.outcome import Timings

MODEL = "a model that no other test has"
TIMINGS = Timings(wait_s=0.1, decode_s=0.2, infer_s=0.3, post_s=0.4)


@pytest.fixture(autouse=True)
def _disabled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "_ENABLED", threading.Event())


def record_all() -> None:
    metrics = ModelMetrics(MODEL)
    metrics.count_stream(opened=True)
    metrics.count_result()
    metrics.count_error("A_REASON")
    metrics.count_dropped("OVERFLOW", 3)
    metrics.observe_timings(TIMINGS)
    observe_batch(MODEL, 2)


def samples() -> dict[tuple[str, str], float]:
    """Returns the values that are about the model."""
    return {
        (sample.name, sample.labels.get("outcome", sample.labels.get("stage", ""))): sample.value
        for family in REGISTRY.collect()
        for sample in family.samples
        if MODEL in sample.labels.values() and not sample.name.endswith(("_bucket", "_created"))
    }


def test_metrics_measures_only_what_is_read() -> None:
    record_all()
    assert samples() == {}
    enable_metrics()
    record_all()
    assert samples() == {
        ("posewire_streams_open", ""): 1,
        ("posewire_frames_total", "result"): 1,
        ("posewire_frames_total", "error"): 1,
        ("posewire_frames_total", "dropped"): 3,
        **{("posewire_stage_seconds_count", it): 1 for it in ("wait", "decode", "infer", "post")},
        ("posewire_stage_seconds_sum", "wait"): 0.1,
        ("posewire_stage_seconds_sum", "decode"): 0.2,
        ("posewire_stage_seconds_sum", "infer"): 0.3,
        ("posewire_stage_seconds_sum", "post"): 0.4,
        ("posewire_batch_size_count", ""): 1,
        ("posewire_batch_size_sum", ""): 2,
    }
