"""The real body network in every engine, against what TensorFlow's own kernels answer."""

import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import psutil
import pytest
from posewire_server import _native
from posewire_server.errors import EngineError
from posewire_server.inference.engine.engine_config import Engine
from posewire_server.inference.engine.predictor import PaddlePredictor
from posewire_server.inference.engine.self_check import (
    TOLERANCE,
    check_engine,
    measure_error,
    read_golden,
)
from posewire_server.models.weights.manifest import EngineCheck, StoredNetwork

pytestmark = pytest.mark.weights

ENGINES: tuple[Engine, ...] = ("openvino", "onednn", "plain")


@pytest.fixture(scope="module")
def predictor(network: StoredNetwork) -> PaddlePredictor:
    return PaddlePredictor(network, threads=1)


def test_golden_outputs_answer_far_above_the_tolerance(network: StoredNetwork) -> None:
    (_, output), *_ = read_golden(network.spec)
    strongest = np.abs(output[0]).max(axis=(1, 2))
    assert strongest.min() > 10 * TOLERANCE
    assert np.median(strongest) > 200 * TOLERANCE


@pytest.mark.parametrize("engine", ENGINES)
def test_run_on_golden_inputs_equals_another_runtime(
    network: StoredNetwork, engine: Engine
) -> None:
    golden = read_golden(network.spec)
    assert measure_error(PaddlePredictor(network, engine), golden) < 5e-5


@pytest.mark.parametrize("engine", ENGINES)
def test_run_on_many_sizes_and_back_equals_a_fresh_predictor(
    network: StoredNetwork, engine: Engine
) -> None:
    rng = np.random.default_rng(7)
    sizes = [(2, 40, 64), (1, 16, 200), (2, 40, 64)]
    inputs = [rng.uniform(0, 255, (n, 3, h, w)).astype(np.float32) for n, h, w in sizes]
    inputs[-1] = inputs[0]
    used = PaddlePredictor(network, engine, threads=1)
    outputs = [used.run(each)[0] for each in inputs]
    np.testing.assert_array_equal(outputs[0], outputs[-1])
    for each, output in zip(inputs[:2], outputs[:2], strict=True):
        (fresh,) = PaddlePredictor(network, engine, threads=1).run(each)
        np.testing.assert_allclose(output, fresh, atol=1e-5)


def test_run_returns_arrays_the_caller_owns(predictor: PaddlePredictor) -> None:
    inputs = np.full((1, 3, 64, 64), 50, np.float32)
    (first,) = predictor.run(inputs)
    kept = first.copy()
    inputs[:] = 200
    predictor.run(inputs)
    np.testing.assert_array_equal(first, kept)


@pytest.mark.parametrize(
    "inputs",
    [
        pytest.param(np.zeros((1, 4, 16, 16), np.float32), id="four channels"),
        pytest.param(np.zeros((1, 3, 16, 12), np.float32), id="width off the stride"),
        pytest.param(np.zeros((3, 16, 16), np.float32), id="no batch"),
        pytest.param(np.zeros((0, 3, 16, 16), np.float32), id="empty batch"),
        pytest.param(np.zeros((1, 3, 16, 16), np.float64), id="float64"),
        pytest.param(np.zeros((1, 3, 16, 32), np.float32)[..., ::2], id="strided"),
    ],
)
def test_run_wrong_inputs_raises_what_it_got(
    predictor: PaddlePredictor, inputs: np.ndarray[tuple[int, ...], np.dtype[np.float32]]
) -> None:
    with pytest.raises(EngineError, match=r"expected .* got") as caught:
        predictor.run(inputs)
    assert caught.value.reason == "ENGINE_FAILED"


def test_run_lets_other_threads_work(predictor: PaddlePredictor) -> None:
    assert predictor.gil_free
    running, stop = threading.Event(), threading.Event()
    beats: list[None] = []

    def count() -> None:
        while not stop.is_set():
            if running.is_set():
                beats.append(None)
            stop.wait(0.001)

    counter = threading.Thread(target=count)
    counter.start()
    running.set()
    predictor.run(np.zeros((4, 3, 368, 432), np.float32))
    running.clear()
    stop.set()
    counter.join()
    assert len(beats) > 20


def test_run_equals_the_plain_call_of_paddle(predictor: PaddlePredictor) -> None:
    inputs = np.random.default_rng(3).uniform(0, 255, (1, 3, 64, 96)).astype(np.float32)
    (outputs,) = predictor.run(inputs)
    predictor.gil_free = False
    try:
        (plain,) = predictor.run(inputs)
    finally:
        predictor.gil_free = True
    np.testing.assert_array_equal(outputs, plain)


def test_paddle_without_the_symbol_runs_with_the_lock_and_warns(
    network: StoredNetwork, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(_native, "predictor_run_available", lambda _predictor: False)
    locked = PaddlePredictor(network, threads=1)
    assert not locked.gil_free
    assert "without Python's lock" in caplog.text
    locked.run(np.zeros((1, 3, 64, 64), np.float32))


def test_run_during_another_run_is_refused(predictor: PaddlePredictor) -> None:
    inputs = np.zeros((1, 3, 16, 16), np.float32)
    with predictor._turn, pytest.raises(EngineError, match="let them take turns"):
        predictor.run(inputs)
    predictor.run(inputs)


def test_run_from_many_threads_in_turn_keeps_the_number_of_threads(
    predictor: PaddlePredictor,
) -> None:
    inputs = np.zeros((1, 3, 64, 64), np.float32)

    def run_in_a_thread() -> int:
        thread = threading.Thread(target=predictor.run, args=(inputs,))
        thread.start()
        thread.join()
        return psutil.Process().num_threads()

    counts = [run_in_a_thread() for _ in range(20)]
    assert max(counts) - counts[0] < 5


def test_native_run_of_something_else_is_refused() -> None:
    assert not _native.predictor_run_available(object())
    with pytest.raises(ValueError, match="not one of Paddle Inference"):
        _native.predictor_run(object())


def test_engine_that_failed_its_check_is_refused(network: StoredNetwork) -> None:
    failed = EngineCheck("plain", passed=False, reason="its outputs are wrong by up to 2")
    model = replace(network, manifest=replace(network.manifest, checks=(failed,)))
    with pytest.raises(EngineError, match=r"wrong by up to 2.*models verify"):
        PaddlePredictor(model, "plain")
    with pytest.raises(EngineError, match="no engine passed"):
        PaddlePredictor(model)


def test_engine_gpu_without_cuda_is_refused(network: StoredNetwork) -> None:
    with pytest.raises(EngineError, match="paddlepaddle-gpu"):
        PaddlePredictor(network, "gpu")


@pytest.mark.parametrize("engine", ["onednn", "plain"])
def test_bf16_of_an_engine_without_it_is_refused(network: StoredNetwork, engine: str) -> None:
    with pytest.raises(EngineError, match="bf16 is offered by openvino only"):
        PaddlePredictor(network, cast("Engine", engine), "bf16")


def test_check_engine_of_broken_files_reports_why(network: StoredNetwork, tmp_path: Path) -> None:
    (tmp_path / "weights.pdmodel").write_bytes(b"no program")
    (tmp_path / "weights.pdiparams").write_bytes(b"no parameters")
    network.manifest.write(tmp_path)
    check = check_engine(replace(network, folder=tmp_path), "plain")
    assert not check.passed
    assert check.reason


def test_check_engine_too_slow_reports_the_time(network: StoredNetwork) -> None:
    check = check_engine(network, "openvino", timeout_s=0.01)
    assert check == EngineCheck("openvino", passed=False, reason="it did not finish within 0.01 s")


RUN = """
import signal
import numpy as np
from posewire_server.config import default_cache
from posewire_server.inference.engine.predictor import PaddlePredictor
from posewire_server.models.catalog.network_catalog import TFPOSE
from posewire_server.inference.engine.self_check import check_engines
from posewire_server.models.weights.network_store import NetworkStore
import sys
assert "paddle" not in sys.modules
caught = []
signal.signal(signal.SIGTERM, lambda number, _frame: caught.append(number))
predictor = PaddlePredictor(NetworkStore(default_cache(), check_engines).pull(TFPOSE))
predictor.run(np.zeros((1, 3, 64, 64), np.float32))
signal.raise_signal(signal.SIGTERM)
assert caught == [signal.SIGTERM]
"""


def test_predictor_prints_nothing_writes_nothing_and_leaves_signals_alone(
    network: StoredNetwork, tmp_path: Path
) -> None:
    assert network.folder.is_dir()
    command = [sys.executable, "-W", "error", "-c", RUN]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(tmp_path.iterdir()) == []
