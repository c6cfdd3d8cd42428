"""The real body network, interrupted by frames of high priority."""

from collections.abc import Callable, Mapping

import numpy as np
import pytest
from posewire_server.frame import Priority
from posewire_server.inference.engine.networks import EngineConfig, Networks
from posewire_server.inference.engine.program import Array, Program
from posewire_server.inference.scheduling.cadence import Cadence
from posewire_server.inference.scheduling.frame_context import FrameContext
from posewire_server.models.weights.model_cache import StoredModel

from tests.serving.batching import wait_until_loaded

pytestmark = pytest.mark.weights
INPUTS = np.random.default_rng(5).uniform(0, 255, (1, 3, 96, 128)).astype(np.float32)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Names of the inputs of each program that has run."""
    runs: list[list[str]] = []
    run: Callable[[Program, Mapping[str, Array]], dict[str, Array]] = Program.run

    def noted(program: Program, tensors: Mapping[str, Array]) -> dict[str, Array]:
        runs.append(program.inputs)
        return run(program, tensors)

    monkeypatch.setattr(Program, "run", noted)
    return runs


def test_run_beside_a_stream_of_high_priority_answers_the_same(
    weights: StoredModel, runs: list[list[str]]
) -> None:
    network, _ = Networks(EngineConfig()).load(weights.networks[0])
    (whole,) = network.run(INPUTS, FrameContext())
    assert runs == [["image"]]
    stream = FrameContext(priority=Priority.HIGH, cadence=Cadence())
    network.expect(stream)
    network.dismiss(stream)
    wait_until_loaded()
    runs.clear()
    (in_sections,) = network.run(INPUTS, FrameContext())
    assert len(runs) == len(network.spec.cuts) + 1
    np.testing.assert_allclose(in_sections, whole, atol=1e-6)
    runs.clear()
    network.run(INPUTS, FrameContext(priority=Priority.HIGH))
    assert runs == [["image"]]
