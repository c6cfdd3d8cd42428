"""Proves engines by golden outputs, each in a process of its own with a time limit.

Engines of Paddle have given silently wrong answers, crashed and hung; so none is used that has not
reproduced what an independent runtime answered for the same inputs (see tests/golden).
"""

import sys
import time
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, distribution
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt

from posewire_server.engine.predictor import Engine, PaddlePredictor
from posewire_server.errors import EngineError
from posewire_server.models.catalog import find_model
from posewire_server.models.child import ChildError, answer, run_child
from posewire_server.models.manifest import EngineCheck, Manifest, StoredModel
from posewire_server.models.progress import Progress
from posewire_server.models.spec import InputSpec, ModelSpec

# Correct engines differ by 1e-5 from the golden outputs, faulty ones by 0.1 and more.
TOLERANCE: Final = 2e-3
TIMEOUT_S: Final = 120.0
MEASURE_S: Final = 1.0

Array = npt.NDArray[np.float32]


def check_engines(
    model: StoredModel, progress: Progress, timeout_s: float = TIMEOUT_S
) -> tuple[EngineCheck, ...]:
    """Returns what every engine of this machine makes of a model's golden inputs."""
    engines = list_engines()
    checks = []
    for index, engine in enumerate(engines):
        progress("check", index, len(engines))
        checks.append(check_engine(model, engine, timeout_s))
    progress("check", len(engines), len(engines))
    return tuple(checks)


def check_engine(model: StoredModel, engine: str, timeout_s: float = TIMEOUT_S) -> EngineCheck:
    """Returns what one engine makes of a model's golden inputs; never raises for its faults."""
    arguments = [model.spec.name, str(model.folder), engine]
    try:
        return EngineCheck(**run_child(__name__, arguments, timeout_s))
    except ChildError as error:
        return EngineCheck(engine, passed=False, reason=str(error))


def list_engines() -> list[str]:
    """Returns the engines there are to check: gpu only where Paddle came with CUDA."""
    try:
        distribution("paddlepaddle-gpu")
    except PackageNotFoundError:
        return ["openvino", "onednn", "plain"]
    return ["openvino", "onednn", "plain", "gpu"]


def read_golden(spec: ModelSpec) -> list[tuple[Array, Array]]:
    """Returns the golden inputs (1, 3, H, W), as the network takes them, and their outputs."""
    golden = files("posewire_server.models") / "golden" / spec.golden
    with golden.open("rb") as file, np.load(file) as arrays:
        count = sum(name.startswith("image_") for name in arrays)
        return [
            (_to_input(arrays[f"image_{i}"], spec.input), arrays[f"output_{i}"])
            for i in range(count)
        ]


def measure_error(predictor: PaddlePredictor, golden: list[tuple[Array, Array]]) -> float:
    """Returns the largest error over all golden inputs, the first one again, and a batch."""
    (first, output), *_ = golden
    batch = np.concatenate([first, first]), np.concatenate([output, output])
    errors = [
        float(np.abs(predictor.run(inputs)[0] - expected).max())
        for inputs, expected in [*golden, golden[0], batch]
    ]
    return float(np.max(errors))  # NaN where any is NaN


def _to_input(image: npt.NDArray[np.uint8], spec: InputSpec) -> Array:
    """Turns a (H, W, 3) uint8 image in the spec's own channel order into an input."""
    values = (image - np.array(spec.mean, np.float32)) * np.array(spec.scale, np.float32)
    return np.ascontiguousarray(values.transpose(2, 0, 1)[None])


def _measure_run_ms(predictor: PaddlePredictor, spec: InputSpec) -> float:
    width = spec.height * 4 // 3 // spec.stride * spec.stride
    inputs = np.zeros((1, 3, spec.height, width), np.float32)
    predictor.run(inputs)
    times: list[float] = []
    while sum(times) < MEASURE_S:
        begin = time.perf_counter()
        predictor.run(inputs)
        times.append(time.perf_counter() - begin)
    return 1000 * min(times)


def _check(name: str, folder: str, engine: str) -> dict[str, Any]:
    spec = find_model(name)
    manifest = replace(Manifest.read(Path(folder)), checks=())
    predictor = PaddlePredictor(StoredModel(spec, Path(folder), manifest), cast("Engine", engine))
    error = measure_error(predictor, read_golden(spec))
    if not error <= TOLERANCE:
        raise EngineError("ENGINE_FAILED", f"its outputs are wrong by up to {error:.3g}")
    run_ms = round(_measure_run_ms(predictor, spec.input), 1)
    return {"engine": engine, "passed": True, "max_error": error, "run_ms": run_ms}


if __name__ == "__main__":
    answer(lambda: _check(*sys.argv[1:]))
