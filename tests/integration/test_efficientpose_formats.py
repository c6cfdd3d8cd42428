"""One published network in two formats: both importers give the same outputs."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from posewire_server.inference.engine.predictor import PaddlePredictor
from posewire_server.isolated import run_isolated
from posewire_server.models.catalog.network_catalog import EFFICIENTPOSE
from posewire_server.models.catalog.spec import OutputSpec
from posewire_server.models.weights.importers import import_network
from posewire_server.models.weights.manifest import Manifest, StoredNetwork

from tests.golden.make_body import draw_figure

OUTPUTS = (
    OutputSpec("pass1_skeleton_pafs/BiasAdd", (28,), stride=8),
    OutputSpec("upscaled_confs/BiasAdd", (16,), stride=1),
)
SPEC = replace(
    EFFICIENTPOSE,
    input=replace(EFFICIENTPOSE.input, height=256, max_width=256),
    outputs=OUTPUTS,
    golden="",
)


@pytest.fixture(scope="module")
def image() -> npt.NDArray[np.float32]:
    """(2, 3, 256, 256): a drawn person, upright and upside down."""
    drawn = draw_figure(256, 256)[:, :, ::-1]
    mean, scale = (np.array(each, np.float32) for each in (SPEC.input.mean, SPEC.input.scale))
    values = (np.stack([drawn, drawn[::-1]]) - mean) * scale
    return np.ascontiguousarray(values.transpose(0, 3, 1, 2))


def run(weights: Path, folder: Path, importer: str, image: npt.NDArray[np.float32]) -> list[object]:
    folder.mkdir()
    shutil.copy(weights, folder)
    names = [output.name for output in OUTPUTS]
    run_isolated(
        import_network.__name__, [importer, str(folder), str(folder / "weights"), *names], 120
    )
    manifest = Manifest.describe(SPEC, importer, folder)
    return list(PaddlePredictor(StoredNetwork(SPEC, folder, manifest), "openvino").run(image))


def test_graphdef_and_tflite_of_one_network_answer_the_same(
    shared: Path, tmp_path: Path, image: npt.NDArray[np.float32]
) -> None:
    weights = shared / "weights" / "efficientpose" / "EfficientPoseI.pb"
    graphdef = run(weights, tmp_path / "graphdef", "graphdef", image)
    tflite = run(weights.with_suffix(".tflite"), tmp_path / "tflite", "tflite", image)
    for one, other in zip(graphdef, tflite, strict=True):
        # The weights of the TensorFlow Lite file are of half precision.
        np.testing.assert_allclose(one, other, atol=1e-2 * np.abs(np.asarray(other)).max())
        assert np.ptp(other) > 0.1
