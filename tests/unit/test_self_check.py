import math
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt
import pytest
from posewire_server.errors import EngineError
from posewire_server.inference.engine import self_check
from posewire_server.inference.engine.predictor import PaddlePredictor
from posewire_server.inference.engine.self_check import measure_error, read_golden
from posewire_server.models.catalog.network_catalog import TFPOSE
from posewire_server.models.weights.manifest import Manifest

Array = npt.NDArray[np.float32]
GOLDEN = [
    (np.full((1, 3, 8, 8), value, np.float32), [np.full((1, 1, 1, 1), value, np.float32)])
    for value in (1, 0.5)
]


class MeanPredictor:
    """Answers with the mean of each input, which is right for GOLDEN, after a change."""

    def __init__(self, *spoilt_calls: int, value: float = 0.5) -> None:
        self.calls = 0
        self._spoilt_calls = spoilt_calls
        self._value = value

    def run(self, inputs: Array) -> list[Array]:
        self.calls += 1
        outputs = inputs.mean(axis=(1, 2, 3), keepdims=True)
        if self.calls in self._spoilt_calls:
            outputs[-1] += self._value
        return [outputs]


def error_of(predictor: MeanPredictor) -> float:
    return measure_error(cast("PaddlePredictor", predictor), GOLDEN)


def test_measure_error_of_a_right_engine_is_zero() -> None:
    assert error_of(MeanPredictor()) == 0


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(1, id="first size"),
        pytest.param(2, id="second size"),
        pytest.param(3, id="back to the first"),
        pytest.param(4, id="second of a batch"),
    ],
)
def test_measure_error_sees_every_run(call: int) -> None:
    assert error_of(MeanPredictor(call)) == 0.5


def test_measure_error_of_nan_is_nan() -> None:
    assert math.isnan(error_of(MeanPredictor(2, value=math.nan)))


@pytest.mark.parametrize("value", [0.5, math.nan])
def test_check_of_wrong_outputs_raises_how_wrong(
    value: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Manifest.describe(TFPOSE, "graphdef", tmp_path).write(tmp_path)
    predictor = MeanPredictor(3, value=value)
    monkeypatch.setattr(self_check, "PaddlePredictor", lambda _model, _engine: predictor)
    monkeypatch.setattr(self_check, "read_golden", lambda _spec: GOLDEN)
    with pytest.raises(EngineError, match=rf"wrong by up to {value}"):
        self_check._check("body", str(tmp_path), "plain")


def test_read_golden_returns_inputs_as_the_network_takes_them() -> None:
    shapes = [(inputs.shape, outputs[0].shape) for inputs, outputs in read_golden(TFPOSE)]
    assert shapes == [
        ((1, 3, 104, 136), (1, 57, 13, 17)),
        ((1, 3, 72, 104), (1, 57, 9, 13)),
        ((1, 3, 48, 56), (1, 57, 6, 7)),
    ]
    inputs, _ = read_golden(TFPOSE)[0]
    assert inputs.dtype == np.float32
    assert inputs.flags.c_contiguous
    assert inputs.max() > 200
