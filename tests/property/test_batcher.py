"""Whatever comes together with whatever: each input has its own outputs, or its own error."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from posewire_server.errors import StreamError
from posewire_server.frame import Priority
from posewire_server.inference.engine.batcher import Array, Batcher
from posewire_server.inference.engine.calibration import ALONE, Calibration

from tests.serving.batching import SUBLINEAR, EchoPredictor, inputs
from tests.serving.contexts import CheckedContext
from tests.serving.gated_predictor import PATIENCE_S

_THREADS = 6


@dataclass(frozen=True)
class Asked:
    """What one thread wants run, and whether that is possible and still of use."""

    count: int
    side: int
    priority: Priority
    is_announced: bool
    is_broken: bool
    is_useless: bool

    def run(self, batcher: Batcher, number: int) -> "list[Array] | Exception":
        """Returns what came of it."""
        context = CheckedContext(self.check, priority=self.priority)
        values = [float(EchoPredictor.BROKEN if self.is_broken else number)] * self.count
        try:
            if self.is_announced:
                batcher.expect(context)
            return batcher.run(inputs(*values, side=self.side), context)
        except (ValueError, StreamError) as error:
            return error

    def check(self, _stage: str) -> None:
        if self.is_useless:
            raise StreamError("FRAME_DEADLINE_EXCEEDED", "late")


ASKED = st.builds(
    Asked,
    count=st.sampled_from([1, 1, 1, 2, 5]),
    side=st.sampled_from([2, 4]),
    priority=st.sampled_from(Priority),
    is_announced=st.booleans(),
    is_broken=st.sampled_from([False, False, False, True]),
    is_useless=st.sampled_from([False, False, False, True]),
)


@given(
    asked=st.lists(ASKED, min_size=1, max_size=40),
    calibration=st.sampled_from([ALONE, SUBLINEAR]),
    wait_s=st.sampled_from([0.0, 0.0005]),
)
@settings(max_examples=60)
def test_batcher_gives_each_thread_what_is_its_own(
    asked: list[Asked], calibration: Calibration, wait_s: float
) -> None:
    predictor = EchoPredictor()
    predictor.gate.set()
    batcher = Batcher(predictor, wait_s)
    batcher.calibration = calibration
    with ThreadPoolExecutor(_THREADS) as threads:
        began = [threads.submit(it.run, batcher, number) for number, it in enumerate(asked)]
        came = [done.result(PATIENCE_S) for done in began]
    for number, (it, outcome) in enumerate(zip(asked, came, strict=True)):
        if it.is_useless:
            assert isinstance(outcome, StreamError)
        elif it.is_broken:
            assert isinstance(outcome, ValueError)
        else:
            assert isinstance(outcome, list)
            assert outcome[0].shape == (it.count, 1, it.side, it.side)
            assert np.all(outcome[0] == number)
            assert np.all(outcome[1] == -number)
    wanted = sum(it.count for it in asked if not it.is_useless and not it.is_broken)
    ran = [value for batch in predictor.batches for value in batch if value >= 1]
    useful = {number for number, it in enumerate(asked) if not it.is_useless and not it.is_broken}
    assert {int(value) for value in ran} <= useful
    assert batcher.inputs >= wanted
    assert not batcher._is_led
    assert len(batcher._queue) == 0
