"""Self-check of engines against golden outputs, each in a child process with a time limit.

Engines of Paddle have given silently wrong answers, crashed and hung. An engine is used only if it
reproduces the outputs of an independent runtime (see tests/golden).
"""

import sys
import zipfile
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, distribution
from importlib.resources import files
from pathlib import Path
from timeit import Timer
from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt

from posewire_server.errors import LocalReason, WeightsError
from posewire_server.inference.engine.engine_config import Engine
from posewire_server.inference.engine.paddle_inference import engine_failed
from posewire_server.inference.engine.predictor import PaddlePredictor, Predictor
from posewire_server.isolated import IsolatedError, answer, run_isolated
from posewire_server.models.catalog.network_catalog import find_network
from posewire_server.models.catalog.spec import InputSpec, NetworkSpec
from posewire_server.models.weights.manifest import EngineCheck, Manifest, StoredNetwork
from posewire_server.models.weights.package_manager import Progress

# Correct engines differ by 1e-5 from the golden outputs, faulty ones by 0.1 and more.
TOLERANCE: Final = 2e-3
_REFERENCE_TOLERANCE: Final = 1e-3
_TIMEOUT_S: Final = 120.0
_MEASURE_S: Final = 1.0
_FEWEST_RUNS: Final = 3
_SLOW_S: Final = 5.0
# (w, h) of noise if sizes are free: the plain engine takes half a minute for large ones.
_SEEDED_SIZE: Final = (96, 64)

Array = npt.NDArray[np.float32]
Golden = tuple[Array, list[Array]]


def check_engines(model: StoredNetwork, progress: Progress) -> tuple[EngineCheck, ...]:
    """Returns the results of all engines of this machine for a network's golden inputs."""
    engines = list_engines()
    checks = []
    for index, engine in enumerate(engines):
        progress("check", index, len(engines))
        checks.append(check_engine(model, engine))
    progress("check", len(engines), len(engines))
    return tuple(checks)


def check_engine(model: StoredNetwork, engine: str, timeout_s: float = _TIMEOUT_S) -> EngineCheck:
    """Returns the result of one engine for a network's golden inputs; a fault is a result too."""
    arguments = [model.spec.name, str(model.folder), engine]
    try:
        return EngineCheck(**run_isolated(__name__, arguments, timeout_s))
    except IsolatedError as error:
        return EngineCheck(engine, passed=False, reason=str(error))


def list_engines() -> list[str]:
    """Returns the engines of this machine: gpu only if Paddle has CUDA."""
    try:
        distribution("paddlepaddle-gpu")
    except PackageNotFoundError:
        return ["openvino", "onednn", "plain"]
    return ["openvino", "onednn", "plain", "gpu"]


def read_golden(spec: NetworkSpec) -> list[Golden]:
    """Returns the golden inputs (1, C, H, W), as the network takes them, and their outputs.

    The file holds ``image_I`` (H, W, 3) or (H, W) uint8 in the spec's channel order, and
    ``output_I_J``, output J of the spec for that image.
    """
    golden = files("posewire_server.models.catalog") / "golden" / spec.golden
    with golden.open("rb") as file, np.load(file) as arrays:
        count = sum(name.startswith("image_") for name in arrays)
        return [
            (
                _to_input(arrays[f"image_{i}"], spec.input),
                [arrays[f"output_{i}_{j}"] for j in range(len(spec.outputs))],
            )
            for i in range(count)
        ]


def _answer_seeded(stored: StoredNetwork) -> list[Golden]:
    """Returns two inputs of noise and the plain engine's outputs, if there are no golden ones."""
    spec, predictor = stored.spec, PaddlePredictor(stored, "plain")
    rng = np.random.default_rng(0)
    width, height = spec.input.size if spec.input.is_fixed else _SEEDED_SIZE
    images = rng.integers(0, 256, (2, height, width, spec.input.channels), np.uint8)
    inputs = [_to_input(image, spec.input) for image in images]
    return [(each, predictor.run(each)) for each in inputs]


def measure_error(predictor: Predictor, golden: list[Golden]) -> float:
    """Returns the largest error over all golden inputs, the first one again, and a batch.

    The error of an output that exceeds 1 is a share of its largest value.
    """
    first, outputs = golden[0]
    batch = np.concatenate([first, first]), [np.concatenate([one, one]) for one in outputs]
    errors = [
        _error(output, wanted)
        for inputs, expected in [*golden, golden[0], batch]
        for output, wanted in zip(predictor.run(inputs), expected, strict=True)
    ]
    return float(np.max(errors))  # NaN if any is NaN


def check_reference(stored: StoredNetwork, path: Path) -> float:
    """Returns the largest error of a network's default engine against a user's other runtime.

    Args:
        path: An .npz with ``input`` (N, C, H, W) float32 as the network takes it, and ``output_J``
            for each output J of the spec, batch first.

    Raises:
        WeightsError: WEIGHTS_DAMAGED: the file cannot be read or lacks an array;
            WEIGHTS_UNSUPPORTED: the outputs differ by more than 1e-3.
        EngineError: The engine refuses the input.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            inputs = np.ascontiguousarray(arrays["input"], np.float32)
            expected = [arrays[f"output_{j}"] for j in range(len(stored.spec.outputs))]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as fault:
        text = f"{path} is not a readable reference, which has input and output_0: {fault}"
        raise WeightsError(LocalReason.WEIGHTS_DAMAGED, text) from fault
    error = measure_error(PaddlePredictor(stored), [(inputs, expected)])
    if not error <= _REFERENCE_TOLERANCE:
        text = (
            f"{stored.spec.name} differs from {path} by up to {error:.3g}; are the weights, the "
            "order of channels and the scaling of the reference the same?"
        )
        raise WeightsError(LocalReason.WEIGHTS_UNSUPPORTED, text, network=stored.spec.name)
    return error


def _error(output: Array, expected: Array) -> float:
    if output.shape != expected.shape:
        raise engine_failed(f"it answered {output.shape} for {expected.shape}")
    return float(np.abs(output - expected).max() / max(1.0, np.abs(expected).max()))


def _to_input(image: npt.NDArray[np.uint8], spec: InputSpec) -> Array:
    channels = spec.channels
    mean, scale = np.array(spec.mean, np.float32), np.array(spec.scale, np.float32)
    values = (image.reshape(*image.shape[:2], channels) - mean[:channels]) * scale[:channels]
    return np.ascontiguousarray(values.transpose(2, 0, 1)[None])


def _measure_run_ms(predictor: Predictor, spec: InputSpec) -> float:
    width, height = spec.usual_size
    inputs = np.zeros((1, spec.channels, height, width), np.float32)

    timer = Timer(lambda: predictor.run(inputs))
    first_s = timer.timeit(1)  # engines compile in it
    if first_s > _SLOW_S:
        return 1000 * first_s
    times_s = timer.repeat(_FEWEST_RUNS, 1)
    while sum(times_s) < _MEASURE_S:
        times_s.append(timer.timeit(1))
    return 1000 * min(times_s)


def _check(name: str, folder: str, engine: str) -> dict[str, Any]:
    spec = find_network(name)
    manifest = replace(Manifest.read(Path(folder)), checks=())
    stored = StoredNetwork(spec, Path(folder), manifest)
    predictor = PaddlePredictor(stored, cast("Engine", engine))
    golden = read_golden(spec) if spec.golden else _answer_seeded(stored)
    error = measure_error(predictor, golden)
    if not error <= TOLERANCE:
        raise engine_failed(f"its outputs are wrong by up to {error:.3g}")
    run_ms = round(_measure_run_ms(predictor, spec.input), 1)
    return {"engine": engine, "passed": True, "max_error": error, "run_ms": run_ms}


if __name__ == "__main__":
    answer(lambda: _check(*sys.argv[1:]))
