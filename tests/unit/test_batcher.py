from posewire_server.errors import EngineError, PosewireError, StreamError
from posewire_server.frame import Priority
from posewire_server.inference.engine.batcher import Array
from posewire_server.inference.engine.calibration import Calibration
from posewire_server.inference.scheduling.frame_context import FrameContext

from tests.serving.batching import SUBLINEAR, Bench, EchoPredictor, answer, inputs
from tests.serving.contexts import CheckedContext
from tests.serving.gated_predictor import PATIENCE_S

BROKEN = EchoPredictor.BROKEN


def useless(error: PosewireError) -> FrameContext:
    """Returns the context of a frame whose work is stopped before the network."""

    def check(stage: str) -> None:
        assert stage == "infer"
        raise error

    return CheckedContext(check)


def test_batcher_one_alone_runs_at_once_and_books_its_time() -> None:
    with Bench(SUBLINEAR, wait_s=PATIENCE_S) as bench:
        bench.predictor.gate.set()
        context = FrameContext()
        bench.batcher.expect(context)
        same, _ = bench.batcher.run(inputs(1.0, 2.0), context)
        assert same.shape == (2, 1, 2, 2)
        assert bench.predictor.batches == [[1.0, 2.0]]
        assert (bench.batcher.runs, bench.batcher.inputs) == (1, 2)
        assert context.timings.infer_s > 0
        assert context.timings.wait_s >= 0


def test_batcher_where_joining_does_not_pay_runs_each_in_turn() -> None:
    with Bench() as bench:
        first = bench.occupy()
        others = [bench.ask(float(number)) for number in (1, 2, 3)]
        bench.predictor.gate.set()
        assert [answer(done) for done in (first, *others)] == [[0.0], [1.0], [2.0], [3.0]]
        assert bench.predictor.batches == [[0.0], [1.0], [2.0], [3.0]]


def test_batcher_where_joining_pays_runs_who_waits_together() -> None:
    with Bench(SUBLINEAR) as bench:
        first = bench.occupy()
        others = [bench.ask(float(number)) for number in range(1, 6)]
        bench.predictor.gate.set()
        assert [answer(done) for done in (first, *others)] == [[float(n)] for n in range(6)]
        assert bench.predictor.batches == [[0.0], [1.0, 2.0, 3.0, 4.0], [5.0]]
        assert (bench.batcher.runs, bench.batcher.inputs) == (3, 6)


def test_batcher_pads_to_a_size_that_is_prepared() -> None:
    with Bench(SUBLINEAR) as bench:
        bench.occupy()
        others = [bench.ask(float(number)) for number in (1, 2, 3)]
        bench.predictor.gate.set()
        assert [answer(done) for done in others] == [[1.0], [2.0], [3.0]]
        assert bench.predictor.batches[1] == [1.0, 2.0, 3.0, 0.0]


def test_batcher_splits_where_padding_would_take_longer() -> None:
    with Bench(Calibration({1: 1.0, 2: 1.2, 4: 2.2})) as bench:
        bench.occupy()
        others = [bench.ask(float(number)) for number in (1, 2, 3)]
        bench.predictor.gate.set()
        assert [answer(done) for done in others] == [[1.0], [2.0], [3.0]]
        assert bench.predictor.batches[1:] == [[1.0, 2.0], [3.0]]


def test_batcher_joins_equal_sizes_only() -> None:
    with Bench(SUBLINEAR) as bench:
        bench.occupy()
        small = bench.ask(1.0)
        large = bench.ask(2.0, side=4)
        other = bench.ask(3.0)
        bench.predictor.gate.set()
        assert [answer(done) for done in (small, large, other)] == [[1.0], [2.0], [3.0]]
        assert bench.predictor.batches[1:] == [[1.0, 3.0], [2.0]]


def test_batcher_joins_inputs_of_several_crops() -> None:
    with Bench(SUBLINEAR) as bench:
        bench.occupy()
        asked = [bench.ask(1.0, 2.0), bench.ask(3.0, 4.0, 5.0), bench.ask(6.0), bench.ask(7.0)]
        too_many = bench.ask(*(float(number) for number in range(10, 16)))
        bench.predictor.gate.set()
        assert [answer(done) for done in asked] == [[1.0, 2.0], [3.0, 4.0, 5.0], [6.0], [7.0]]
        assert answer(too_many) == [10.0, 11.0, 12.0, 13.0, 14.0, 15.0]
        together = [1.0, 2.0, 6.0, 7.0]
        assert bench.predictor.batches[1:3] == [together, [3.0, 4.0, 5.0]]
        assert len(bench.predictor.batches[3]) == 6, "as it came: it is more than a batch"


def test_batcher_high_priority_never_waits_behind_others_in_line() -> None:
    with Bench() as bench:
        bench.occupy()
        asked = [
            bench.ask(float(priority), priority=priority)
            for priority in (Priority.LOW, Priority.NORMAL, Priority.HIGH)
        ]
        bench.predictor.gate.set()
        for done in asked:
            answer(done)
        assert bench.predictor.batches == [[0.0], [3.0], [2.0], [1.0]]


def test_batcher_lower_priority_has_one_turn_in_four() -> None:
    with Bench() as bench:
        bench.occupy()
        low = bench.ask(9.0)
        high = [bench.ask(float(number), priority=Priority.HIGH) for number in range(1, 6)]
        bench.predictor.gate.set()
        for done in (low, *high):
            answer(done)
        assert bench.predictor.batches == [[0.0], [1.0], [2.0], [3.0], [9.0], [4.0], [5.0]]


def test_batcher_batch_has_higher_priorities_before_lower_ones() -> None:
    with Bench(SUBLINEAR) as bench:
        bench.occupy()
        low = [bench.ask(float(number), priority=Priority.LOW) for number in (1, 2, 3)]
        high = [bench.ask(float(number), priority=Priority.HIGH) for number in (4, 5, 6)]
        bench.predictor.gate.set()
        for done in (*low, *high):
            answer(done)
        assert bench.predictor.batches[1] == [4.0, 5.0, 6.0, 1.0]


def test_batcher_batch_takes_no_lower_priority_while_a_higher_one_of_other_size_waits() -> None:
    with Bench(SUBLINEAR) as bench:
        bench.occupy()
        high = [bench.ask(1.0, side=side, priority=Priority.HIGH) for side in (2, 4)]
        normal = bench.ask(2.0)
        bench.predictor.gate.set()
        for done in (*high, normal):
            answer(done)
        assert bench.predictor.batches[1:] == [[1.0], [1.0], [2.0]]


def test_batcher_batch_takes_no_lower_priority_while_a_higher_one_has_no_room() -> None:
    with Bench(SUBLINEAR) as bench:
        bench.occupy()
        high = [bench.ask(1.0, priority=Priority.HIGH)]
        high += [bench.ask(2.0, 2.0, 2.0, 2.0, priority=Priority.HIGH)]
        normal = bench.ask(3.0)
        bench.predictor.gate.set()
        for done in (*high, normal):
            answer(done)
        assert bench.predictor.batches[1:] == [[1.0], [2.0, 2.0, 2.0, 2.0], [3.0]]


def test_batcher_turn_of_a_lower_priority_grows_by_none_of_it_while_a_higher_one_waits() -> None:
    """The one turn in four that higher ones leave."""
    with Bench(SUBLINEAR) as bench:
        bench.occupy()
        large = [bench.ask(float(n), side=4, priority=Priority.HIGH) for n in (1, 2, 3, 4)]
        asked = [bench.ask(float(n)) for n in (7, 8)]
        bench.batcher.calibration = Calibration({1: 1.0, 2: 1.1})
        more = [bench.ask(float(n), side=4, priority=Priority.HIGH) for n in (5, 6, 9)]
        bench.predictor.gate.set()
        for done in (*large, *asked, *more):
            answer(done)
        assert bench.predictor.batches[1:] == [
            [1.0, 2.0],
            [3.0, 4.0],
            [5.0, 6.0],
            [7.0],
            [9.0],
            [8.0],
        ]


def test_batcher_waits_for_none_of_lower_priority() -> None:
    with Bench(SUBLINEAR, wait_s=PATIENCE_S) as bench:
        bench.predictor.gate.set()
        bench.batcher.expect(FrameContext(priority=Priority.LOW))
        bench.batcher.run(inputs(1.0), FrameContext())


def test_batcher_of_no_use_any_more_leaves_its_batch() -> None:
    late = StreamError("FRAME_DEADLINE_EXCEEDED", "late")
    with Bench(SUBLINEAR) as bench:
        bench.occupy()
        first = bench.ask(1.0, context=useless(late))
        second = bench.ask(2.0)
        third = bench.ask(3.0, context=useless(late))
        bench.predictor.gate.set()
        assert answer(second) == [2.0]
        assert first.exception(PATIENCE_S) is late
        assert third.exception(PATIENCE_S) is late
        assert bench.predictor.batches == [[0.0], [2.0]]


def test_batcher_of_which_none_is_of_use_runs_nothing_and_goes_on() -> None:
    late = StreamError("FRAME_DEADLINE_EXCEEDED", "late")
    with Bench() as bench:
        bench.occupy()
        gone = bench.ask(1.0, context=useless(late))
        after = bench.ask(2.0)
        bench.predictor.gate.set()
        assert gone.exception(PATIENCE_S) is late
        assert answer(after) == [2.0]
        assert bench.predictor.batches == [[0.0], [2.0]]


def test_batcher_batch_that_fails_is_run_one_by_one() -> None:
    with Bench(SUBLINEAR) as bench:
        bench.occupy()
        asked = [bench.ask(value) for value in (1.0, BROKEN, 3.0)]
        bench.predictor.gate.set()
        assert answer(asked[0]) == [1.0]
        assert answer(asked[2]) == [3.0]
        assert isinstance(asked[1].exception(PATIENCE_S), ValueError)
        assert bench.predictor.batches[1:] == [[1.0, BROKEN, 3.0, 0.0], [1.0], [BROKEN], [3.0]]


def test_batcher_waits_for_a_frame_in_preparation_and_joins_it() -> None:
    with Bench(SUBLINEAR, wait_s=PATIENCE_S) as bench:
        coming = FrameContext()
        bench.batcher.expect(coming)
        first = bench.ask(1.0)
        assert not bench.predictor.batches
        bench.predictor.gate.set()
        second = bench._threads.submit(bench.batcher.run, inputs(2.0), coming)
        assert [answer(first), answer(second)] == [[1.0], [2.0]]
        assert bench.predictor.batches == [[1.0, 2.0]]


def test_batcher_waits_no_longer_than_a_batch_needs() -> None:
    with Bench(SUBLINEAR, wait_s=PATIENCE_S) as bench:
        for _ in range(4):
            bench.batcher.expect(FrameContext())
        asked = [bench.ask(float(number)) for number in (1, 2, 3)]
        assert not bench.predictor.batches
        bench.predictor.gate.set()
        bench.batcher.run(inputs(4.0), FrameContext())
        assert [answer(done) for done in asked] == [[1.0], [2.0], [3.0]]
        assert bench.predictor.batches == [[1.0, 2.0, 3.0, 4.0]]


def test_batcher_waits_no_longer_than_it_is_told() -> None:
    with Bench(SUBLINEAR, wait_s=0.001) as bench:
        bench.predictor.gate.set()
        bench.batcher.expect(FrameContext())
        assert answer(bench._threads.submit(bench.batcher.run, inputs(1.0), FrameContext())) == [
            1.0
        ]


def test_batcher_waits_no_longer_for_a_frame_that_does_not_come() -> None:
    with Bench(SUBLINEAR, wait_s=PATIENCE_S) as bench:
        bench.predictor.gate.set()
        coming = FrameContext()
        bench.batcher.expect(coming)
        first = bench.ask(1.0)
        bench.batcher.dismiss(coming)
        bench.batcher.dismiss(coming)
        assert answer(first) == [1.0]


def test_batcher_does_not_wait_for_a_frame_that_is_elsewhere() -> None:
    with Bench(SUBLINEAR, wait_s=PATIENCE_S) as bench:
        bench.predictor.gate.set()
        elsewhere = FrameContext()
        bench.batcher.expect(elsewhere)
        with elsewhere.stage("post"):
            bench.batcher.run(inputs(1.0), FrameContext())


def test_batcher_high_priority_waits_for_nobody() -> None:
    with Bench(SUBLINEAR, wait_s=PATIENCE_S) as bench:
        bench.predictor.gate.set()
        bench.batcher.expect(FrameContext())
        bench.batcher.run(inputs(1.0), FrameContext(priority=Priority.HIGH))


def test_batcher_where_joining_does_not_pay_waits_for_none_of_its_priority() -> None:
    with Bench(wait_s=PATIENCE_S) as bench:
        bench.predictor.gate.set()
        bench.batcher.expect(FrameContext())
        bench.batcher.run(inputs(1.0), FrameContext())


def test_batcher_lower_priority_lets_a_higher_one_in_preparation_go_first() -> None:
    with Bench(wait_s=PATIENCE_S) as bench:
        coming = FrameContext(priority=Priority.HIGH)
        bench.batcher.expect(coming)
        normal = bench.ask(1.0)
        assert not bench.predictor.batches
        bench.predictor.gate.set()
        high = bench._threads.submit(bench.batcher.run, inputs(2.0), coming)
        assert [answer(normal), answer(high)] == [[1.0], [2.0]]
        assert bench.predictor.batches == [[2.0], [1.0]]


def test_batcher_interrupted_run_fails_its_batch_and_leaves_the_rest() -> None:
    class Interrupted(EchoPredictor):
        def run(self, it: Array) -> list[Array]:
            outputs = super().run(it)
            if len(self.batches) == 2:
                raise KeyboardInterrupt
            return outputs

    with Bench(SUBLINEAR, predictor=Interrupted()) as bench:
        bench.occupy()
        together = [bench.ask(1.0), bench.ask(2.0)]
        after = bench.ask(3.0, side=4)
        bench.predictor.gate.set()
        errors = [done.exception(PATIENCE_S) for done in together]
        assert {type(error) for error in errors} == {KeyboardInterrupt, EngineError}
        assert answer(after) == [3.0]


def test_batcher_interrupted_one_by_one_fails_the_rest_of_its_batch() -> None:
    class Interrupted(EchoPredictor):
        def run(self, it: Array) -> list[Array]:
            outputs = super().run(it)
            if self.batches[-1] == [1.0]:
                raise KeyboardInterrupt
            return outputs

    with Bench(SUBLINEAR, predictor=Interrupted()) as bench:
        bench.occupy()
        together = [bench.ask(1.0), bench.ask(BROKEN)]
        after = bench.ask(3.0, side=4)
        bench.predictor.gate.set()
        errors = [done.exception(PATIENCE_S) for done in together]
        assert {type(error) for error in errors} == {KeyboardInterrupt, EngineError}
        assert answer(after) == [3.0]
