"""The benches of many streams measure what they say; how fast a machine is, is not a test."""

import pytest
from posewire_server.config import default_cache
from posewire_server.inference.engine.predictor import PaddlePredictor
from posewire_server.models.weights.model_cache import StoredModel
from posewire_server.serving.server_process import ServerProcess
from posewire_server.tools.benchmarks.load import run_async

from tests.benchmarks import batching, small


@pytest.mark.weights
def test_measure_rate_compares_with_the_predictor_turn_by_turn(
    weights: StoredModel, server: ServerProcess
) -> None:
    predictor = PaddlePredictor(weights.networks[0])
    figure = batching.measure_rate(server.address, predictor, turns=1, seconds=2.0)
    assert (figure.runs, figure.unit) == (1, "x")
    assert 0 < figure.value < 2


@pytest.mark.weights
def test_measure_alone_times_every_frame(weights: StoredModel) -> None:
    assert weights.networks[0].folder.parent == default_cache()
    figure = batching.measure_alone(default_cache(), frames=5)
    assert figure.runs == 5
    assert figure.value > 0


@pytest.mark.weights
def test_measure_priority_and_fairness_answer_every_frame(weights: StoredModel) -> None:
    assert weights.networks[0].folder.parent == default_cache()
    with ServerProcess([str(default_cache())], command=(small.__name__,)) as server:
        alone, p99, p50 = run_async(batching.measure_priority(server.address, frames=16, turns=2))
        share = run_async(batching.measure_fairness(server.address, seconds=2.0))
    assert [alone.runs, p99.runs, p50.runs] == [8, 16, 16]
    assert alone.value > 0
    assert p99.value >= p50.value > 0
    assert share.runs == batching.STREAMS - 1
    assert share.value > 0
