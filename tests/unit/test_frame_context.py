import time

import pytest
from posewire_server.errors import StreamError
from posewire_server.inference.scheduling.frame_context import FrameCancelledError, FrameContext


def test_context_without_deadline_never_expires() -> None:
    context = FrameContext(arrived_s=0.0)
    assert not context.is_late
    context.check("decode")


def test_context_deadline_counts_from_arrival() -> None:
    assert FrameContext(10.0, 2.5).deadline_s == 12.5


def test_context_after_its_deadline_names_the_stage_not_begun() -> None:
    context = FrameContext(0.0, 0.0)
    with pytest.raises(StreamError, match="infer") as raised:
        context.check("infer")
    assert raised.value.reason == "FRAME_DEADLINE_EXCEEDED"
    assert raised.value.metadata == {"stage": "infer"}


def test_context_cancelled_stops_even_after_its_deadline() -> None:
    context = FrameContext(0.0, 0.0)
    context.is_cancelled = True
    with pytest.raises(FrameCancelledError):
        context.check("infer")


def test_context_waits_from_its_arrival_to_its_first_stage() -> None:
    context = FrameContext(time.monotonic() - 5.0)
    with context.stage("decode"):
        pass
    with context.stage("infer"):
        pass
    assert context.timings.wait_s == pytest.approx(5.0, abs=1.0)
