"""Sections are loaded once, when they are asked for, beside everything else."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from posewire_server.errors import EngineError
from posewire_server.inference.engine.sections import Interruptible, Sections

from tests.serving.batching import CutPredictor, EchoPredictor, wait_until_loaded
from tests.serving.gated_predictor import PATIENCE_S


def test_get_is_none_until_the_one_load_has_ended() -> None:
    loaded = CutPredictor(EchoPredictor())
    begun, may_end = threading.Semaphore(0), threading.Event()

    def load() -> Interruptible:
        begun.release()
        assert may_end.wait(PATIENCE_S)
        return loaded

    sections = Sections(load)
    assert not begun.acquire(blocking=False), "nobody asked"
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda _: sections.get(), range(64))) == [None] * 64
    assert begun.acquire(timeout=PATIENCE_S)
    may_end.set()
    wait_until_loaded()
    assert sections.get() is loaded
    assert not begun.acquire(blocking=False), "it was loaded twice"


@pytest.mark.parametrize(
    "error", [EngineError("ENGINE_FAILED", "no memory is left"), OSError("no memory is left")]
)
def test_get_of_sections_that_can_not_be_loaded_stays_none(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    def load() -> Interruptible:
        raise error

    sections = Sections(load)
    assert sections.get() is None
    wait_until_loaded()
    assert sections.get() is None
    assert "not interrupted for frames of high priority: no memory is left" in caplog.text
