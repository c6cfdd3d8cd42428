"""Programs of originals, layer by layer, against NumPy on every engine."""

import os
import pickle
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt
import pytest
from posewire_server.errors import WeightsError
from posewire_server.inference.engine.predictor import PaddlePredictor
from posewire_server.isolated import IsolatedError, run_isolated
from posewire_server.models.catalog.spec import InputSpec, NetworkSpec, OutputSpec, UserSource
from posewire_server.models.weights.importers import import_network
from posewire_server.models.weights.importers.originals.paddle_network import read_paddle
from posewire_server.models.weights.importers.originals.paddle_program import make_layers
from posewire_server.models.weights.importers.program.emitter import Emitter
from posewire_server.models.weights.manifest import EngineCheck, Manifest, StoredNetwork

from tests.caffe_writer import caffemodel
from tests.paddle_writer import paddle_files

Floats = npt.NDArray[np.float32]
ENGINES = ("plain", "onednn", "openvino")
RNG = np.random.default_rng(0)
FILTERS = RNG.standard_normal((4, 3, 1, 1), np.float32)
BIAS = RNG.standard_normal(4, np.float32)
SLOPES = np.array([0.1, 0.2, 0.3, 0.4], np.float32)
MATRIX = RNG.standard_normal((5, 7 * 2 * 2), np.float32)
OFFSET = np.arange(5, dtype=np.float32)
TEXT = """
input: "data" input_dim: 1 input_dim: 3 input_dim: 5 input_dim: 6
layer { name: "c" type: "Convolution" bottom: "data" top: "c"
        convolution_param { num_output: 4 kernel_size: 1 } }
layer { name: "p" type: "PReLU" bottom: "c" top: "c" }
layer { name: "d" type: "Dropout" bottom: "c" top: "c" }
layer { name: "s" type: "Eltwise" bottom: "c" bottom: "c" top: "s" }
layer { name: "j" type: "Concat" bottom: "s" bottom: "data" top: "j" }
layer { name: "m" type: "Pooling" bottom: "j" top: "m"
        pooling_param { pool: MAX kernel_size: 2 stride: 2 } }
layer { name: "a" type: "Pooling" bottom: "m" top: "a"
        pooling_param { pool: AVE kernel_h: 2 kernel_w: 2 stride: 1 } }
layer { name: "f" type: "InnerProduct" bottom: "a" top: "f"
        inner_product_param { num_output: 5 } }
layer { name: "e" type: "Sigmoid" bottom: "f" top: "e" }
"""


def expected(x: Floats) -> Floats:
    """What the layers of TEXT amount to; poolings of 5 rows leave a last, partial window."""
    y = np.einsum("nchw,oc->nohw", x, FILTERS[:, :, 0, 0]) + BIAS[:, None, None]
    y = 2 * np.where(y > 0, y, y * SLOPES[:, None, None])
    y = np.concatenate([y, x], 1)
    y = np.pad(y, ((0, 0), (0, 0), (0, 1), (0, 0)), constant_values=-np.inf)
    y = y.reshape(*y.shape[:2], 3, 2, 3, 2).max((3, 5))
    y = (y[..., 1:, 1:] + y[..., :-1, 1:] + y[..., 1:, :-1] + y[..., :-1, :-1]) / 4
    y = y.reshape(len(x), -1) @ MATRIX.T + OFFSET
    return 1 / (1 + np.exp(-y[:, :, None, None]))


def write(files: Path) -> Path:
    folder = files / "network"
    folder.mkdir()
    run_isolated(import_network.__name__, ["original", str(files), str(folder / "weights")], 120.0)
    return folder


def run(folder: Path, shape: tuple[int, ...], inputs: Floats, engine: str) -> Floats:
    height, width = inputs.shape[2:]
    spec = NetworkSpec(
        "tiny",
        InputSpec(height, width, 1, is_fixed=True),
        (OutputSpec("", shape),),
        UserSource("tiny", "none"),
        "original",
    )
    manifest = Manifest.describe(spec, "original", folder)
    checks = (EngineCheck(engine, passed=True, run_ms=1.0),)
    stored = StoredNetwork(spec, folder, Manifest(**(vars(manifest) | {"checks": checks})))
    (outputs,) = PaddlePredictor(stored).run(inputs)
    return outputs


def translate(files: Path) -> None:
    """Reads files that no program can be begun for."""
    import_network.translate_original(files, cast("Emitter", None), ())


def test_caffe_layers_answer_as_numpy(tmp_path: Path) -> None:
    weights = {"c": [FILTERS, BIAS], "p": [SLOPES], "f": [MATRIX, OFFSET]}
    (tmp_path / "a.prototxt").write_text(TEXT)
    (tmp_path / "a.caffemodel").write_bytes(caffemodel(weights))
    folder = write(tmp_path)
    inputs = np.random.default_rng(1).standard_normal((2, 3, 5, 6), np.float32)
    for engine in ENGINES:
        found = run(folder, (5, 1, 1), inputs, engine)
        np.testing.assert_allclose(found, expected(inputs), atol=1e-5, err_msg=engine)


@pytest.mark.parametrize("names", [("m.pdmodel", "m.pdiparams"), ("__model__", "__params__"), ()])
def test_paddle_program_answers_as_numpy(tmp_path: Path, names: tuple[str, ...]) -> None:
    program, parameters = paddle_files()
    if names:
        contents = dict(zip(names, (program, parameters), strict=True))
    else:  # A file for each parameter: here the first takes head, description and two numbers.
        first = 20 + 4 + 8
        contents = {
            "__model__": program,
            "bias": parameters[:first],
            "filters": parameters[first:],
        }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    folder = write(tmp_path)
    for engine in ENGINES:
        found = run(folder, (2, 2, 3), np.ones((1, 3, 2, 3), np.float32), engine)
        np.testing.assert_allclose(found[0, 0], 2.5, err_msg=engine)
        np.testing.assert_array_equal(found[0, 1], 0.0, err_msg=engine)


@pytest.mark.parametrize("kind", ["save", "py_func", "while", "lstm"])
def test_paddle_program_unknown_operation_is_named(tmp_path: Path, kind: str) -> None:
    program, parameters = paddle_files(kind)
    (tmp_path / "m.pdmodel").write_bytes(program)
    (tmp_path / "m.pdiparams").write_bytes(parameters)
    with pytest.raises(WeightsError, match=f"node 'end' has the operation '{kind}'") as caught:
        make_layers(read_paddle(tmp_path))
    assert caught.value.reason == "WEIGHTS_UNSUPPORTED"


def test_caffe_unknown_layer_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.prototxt").write_text(TEXT.replace('"Sigmoid"', '"SPP"'))
    weights = {"c": [FILTERS, BIAS], "p": [SLOPES], "f": [MATRIX, OFFSET]}
    (tmp_path / "a.caffemodel").write_bytes(caffemodel(weights))
    with pytest.raises(IsolatedError, match="node 'e' has the operation 'SPP'") as caught:
        write(tmp_path)
    assert caught.value.reason == "WEIGHTS_UNSUPPORTED"


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "got nothing"),
        ({"readme.txt": b""}, "readme.txt"),
        ({"a.pth": b"", "b.pdparams": b""}, "a.pth, b.pdparams"),
        ({"a.caffemodel": b"x"}, r"one file \*.prototxt"),
        ({"a.pdmodel": b""}, "one program with its parameters"),
        ({"a.pdparams": pickle.dumps({"x": 1})}, "no known network has"),
        ({"a.pdparams": pickle.dumps({"x": np.zeros(3, np.float32)})}, "begin with x"),
        (
            {"a.pdparams": pickle.dumps({"model0.conv1_1.weight": np.zeros(3, np.float32)})},
            "of another network",
        ),
    ],
)
def test_files_of_no_network_raise_weights_error(
    tmp_path: Path, files: dict[str, bytes], said: str
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name, content in files.items():
        (source / name).write_bytes(content)
    with pytest.raises(WeightsError, match=said):
        translate(source)


def test_hostile_pickle_executes_nothing(tmp_path: Path) -> None:
    target = tmp_path / "made"

    class Hostile:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(target),)

    for name in ("x.pdparams", "x.pth"):
        source = tmp_path / name.partition(".")[2]
        source.mkdir()
        (source / name).write_bytes(pickle.dumps({"model0.conv1_1.weight": Hostile()}, 2))
        with pytest.raises(WeightsError):
            translate(source)
    assert not target.exists()
