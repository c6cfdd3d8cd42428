"""Runs in sections, between which others go first."""

import pytest
from posewire_server.errors import EngineError
from posewire_server.frame import Priority
from posewire_server.inference.engine.batcher import Array
from posewire_server.inference.engine.foresight import Foresight
from posewire_server.inference.scheduling.cadence import Cadence
from posewire_server.inference.scheduling.frame_context import FrameContext

from tests.serving.batching import SUBLINEAR, Bench, EchoPredictor, answer, inputs
from tests.serving.gated_predictor import PATIENCE_S

AT_ANY_TIME = Cadence()


def bench_of(predictor: EchoPredictor | None = None, cadence: Cadence = AT_ANY_TIME) -> Bench:
    """Returns one whose network has two sections, beside an open stream of high priority."""
    bench = Bench(predictor=predictor, foresight=Foresight(lambda: 0.0), is_cut=True)
    stream = FrameContext(priority=Priority.HIGH, cadence=cadence)
    bench.batcher.expect(stream)
    bench.batcher.dismiss(stream)
    return bench


@pytest.mark.parametrize(
    ("running", "coming"), [(Priority.NORMAL, Priority.HIGH), (Priority.LOW, Priority.NORMAL)]
)
def test_run_in_sections_lets_a_higher_priority_pass_between_them(
    running: Priority, coming: Priority
) -> None:
    with bench_of() as bench:
        first = bench.occupy(running)
        later = bench.ask(2.0, priority=running)
        high = bench.ask(1.0, priority=coming)
        bench.predictor.gate.set()
        assert [answer(done) for done in (first, high, later)] == [[0.0], [1.0], [2.0]]
        high_run = [[1.0]] if coming is Priority.HIGH else [[1.0], [1.5]]
        assert bench.predictor.batches == [[0.0], *high_run, [0.5], [2.0], [2.5]]


def test_run_in_sections_lets_one_pass_at_a_time() -> None:
    with bench_of() as bench:
        first = bench.occupy()
        high = [bench.ask(float(number), priority=Priority.HIGH) for number in (1, 2)]
        bench.predictor.gate.set()
        assert [answer(done) for done in (first, *high)] == [[0.0], [1.0], [2.0]]
        assert bench.predictor.batches == [[0.0], [1.0], [0.5], [2.0]]


def test_run_in_sections_lets_those_pass_together_that_are_run_together() -> None:
    with bench_of() as bench:
        bench.batcher.calibration = SUBLINEAR
        first = bench.occupy()
        high = [bench.ask(float(number), priority=Priority.HIGH) for number in (1, 2)]
        bench.predictor.gate.set()
        assert [answer(done) for done in (first, *high)] == [[0.0], [1.0], [2.0]]
        assert bench.predictor.batches == [[0.0], [1.0, 2.0], [0.5]]


def test_run_in_sections_lets_none_of_its_own_priority_pass_with_a_higher_one() -> None:
    with bench_of() as bench:
        bench.batcher.calibration = SUBLINEAR
        first = bench.occupy()
        same = bench.ask(2.0)
        high = bench.ask(1.0, priority=Priority.HIGH)
        bench.predictor.gate.set()
        assert [answer(done) for done in (first, high, same)] == [[0.0], [1.0], [2.0]]
        assert bench.predictor.batches == [[0.0], [1.0], [0.5], [2.0], [2.5]]


def test_run_in_sections_lets_nobody_of_its_own_priority_pass() -> None:
    with bench_of() as bench:
        first = bench.occupy()
        other = bench.ask(1.0)
        bench.predictor.gate.set()
        assert [answer(done) for done in (first, other)] == [[0.0], [1.0]]
        assert bench.predictor.batches == [[0.0], [0.5], [1.0], [1.5]]


def test_run_in_sections_waits_for_a_higher_priority_in_preparation() -> None:
    with bench_of() as bench:
        bench.batcher._wait_s = PATIENCE_S
        first = bench.occupy()
        coming = FrameContext(priority=Priority.HIGH)
        bench.batcher.expect(coming)
        bench.predictor.gate.set()
        high = bench._threads.submit(bench.batcher.run, inputs(1.0), coming)
        assert [answer(done) for done in (first, high)] == [[0.0], [1.0]]
        assert bench.predictor.batches == [[0.0], [1.0], [0.5]]


def test_run_in_sections_books_the_time_of_others_as_waiting() -> None:
    with bench_of() as bench:
        first, second = FrameContext(), FrameContext(priority=Priority.HIGH)
        done = bench._threads.submit(bench.batcher.run, inputs(0.0), first)
        bench.wait_until_started()
        high = bench.ask(1.0, context=second)
        bench.predictor.gate.set()
        assert [answer(it) for it in (done, high)] == [[0.0], [1.0]]
        assert first.timings.wait_s >= second.timings.infer_s > 0


def test_run_that_ends_before_a_camera_sends_has_no_sections() -> None:
    camera = Cadence()
    for arrived_s in range(-8, 1):
        camera.note_arrival(float(arrived_s))
    with bench_of(cadence=camera) as bench:
        bench.batcher._foresight.note_run(0.7)
        first = bench.occupy()
        bench.predictor.gate.set()
        assert answer(first) == [0.0]
        assert bench.predictor.batches == [[0.0]]
        bench.batcher._foresight.note_run(9.0)
        again = bench._threads.submit(bench.batcher.run, inputs(1.0), FrameContext())
        assert answer(again) == [1.0]
        assert bench.predictor.batches == [[0.0], [1.0], [1.5]]


def test_run_beside_no_stream_of_high_priority_has_no_sections() -> None:
    with Bench(is_cut=True) as bench:
        first = bench.occupy()
        bench.predictor.gate.set()
        assert answer(first) == [0.0]
        assert bench.predictor.batches == [[0.0]]


def test_run_of_high_priority_has_no_sections() -> None:
    with bench_of() as bench:
        first = bench.occupy(Priority.HIGH)
        bench.predictor.gate.set()
        assert answer(first) == [0.0]
        assert bench.predictor.batches == [[0.0]]


def test_run_in_sections_bears_that_who_passes_fails() -> None:
    with bench_of() as bench:
        first = bench.occupy()
        broken = bench.ask(EchoPredictor.BROKEN, priority=Priority.HIGH)
        bench.predictor.gate.set()
        assert answer(first) == [0.0]
        assert isinstance(broken.exception(PATIENCE_S), ValueError)


def test_run_in_sections_that_fails_has_let_others_pass() -> None:
    with bench_of() as bench:
        bench.occupy()
        broken = bench.ask(EchoPredictor.BROKEN - 0.5)  # its second section fails
        high = bench.ask(1.0, priority=Priority.HIGH)
        after = bench.ask(2.0)
        bench.predictor.gate.set()
        assert [answer(done) for done in (high, after)] == [[1.0], [2.0]]
        assert isinstance(broken.exception(PATIENCE_S), ValueError)


def test_run_in_sections_interrupted_by_a_key_press_leaves_nobody_waiting() -> None:
    class Pressed(EchoPredictor):
        def run(self, it: Array) -> list[Array]:
            outputs = super().run(it)
            if self.batches[-1] == [1.0]:
                raise KeyboardInterrupt
            return outputs

    with bench_of(Pressed()) as bench:
        first = bench.occupy()
        high = bench.ask(1.0, priority=Priority.HIGH)
        after = bench.ask(2.0)
        bench.predictor.gate.set()
        assert answer(after) == [2.0]
        assert isinstance(first.exception(PATIENCE_S), KeyboardInterrupt)
        assert isinstance(high.exception(PATIENCE_S), EngineError)
