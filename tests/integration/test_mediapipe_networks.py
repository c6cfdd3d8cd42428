"""MediaPipe's networks with their own weights, against what LiteRT's reference kernels answered."""

import numpy as np
import pytest
from posewire_server.config import default_cache
from posewire_server.inference.engine.predictor import PaddlePredictor
from posewire_server.inference.engine.self_check import check_engines, measure_error, read_golden
from posewire_server.models.catalog.mediapipe_networks import MEDIAPIPE_NETWORKS
from posewire_server.models.catalog.spec import NetworkSpec
from posewire_server.models.weights.network_store import NetworkStore

# The golden outputs are rounded to 6e-5 of their value.
MOST_ERROR = 1e-4


@pytest.mark.weights
@pytest.mark.parametrize("spec", MEDIAPIPE_NETWORKS, ids=lambda spec: spec.name)
def test_network_agrees_with_reference_kernels_on_every_engine(spec: NetworkSpec) -> None:
    stored = NetworkStore(default_cache(), check_engines).pull(spec)
    errors = {check.engine: check.max_error for check in stored.manifest.checks}
    assert set(errors) >= {"openvino", "onednn", "plain"}
    assert all(check.passed for check in stored.manifest.checks)
    assert max(errors.values()) < MOST_ERROR
    assert stored.manifest.default_engine == "openvino"
    predictor = PaddlePredictor(stored, "openvino", threads=1)
    assert measure_error(predictor, read_golden(spec)) < MOST_ERROR
    _check_batch(predictor, spec)


def _check_batch(predictor: PaddlePredictor, spec: NetworkSpec) -> None:
    """Three different pictures at once are answered as one by one."""
    width, height = spec.input.size
    rng = np.random.default_rng(7)
    inputs = rng.uniform(-1, 1, (3, spec.input.channels, height, width)).astype(np.float32)
    single = [predictor.run(inputs[i : i + 1]) for i in range(3)]
    for number, output in enumerate(predictor.run(inputs)):
        expected = np.concatenate([each[number] for each in single])
        np.testing.assert_allclose(output, expected, atol=1e-4 * np.abs(expected).max())
