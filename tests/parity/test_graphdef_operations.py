"""Every operation of the importer against NumPy, at sizes where TensorFlow pads unevenly."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from posewire_server.inference.engine.engine_config import Engine
from posewire_server.inference.engine.predictor import PaddlePredictor
from posewire_server.isolated import IsolatedError, run_isolated
from posewire_server.models.catalog.network_catalog import TFPOSE
from posewire_server.models.catalog.spec import OutputSpec
from posewire_server.models.weights.importers import import_network
from posewire_server.models.weights.manifest import Manifest, StoredNetwork

from tests.graphdef_writer import Attribute, constant, node, placeholder
from tests.oracles.windows import windows

Array = npt.NDArray[np.float32]
RNG = np.random.default_rng(11)
FILTERS = RNG.normal(size=(3, 3, 3, 4)).astype(np.float32)
DEPTHWISE = RNG.normal(size=(3, 3, 4, 2)).astype(np.float32)
BIAS = RNG.normal(size=8).astype(np.float32)
LAST = RNG.normal(size=(2, 2, 16, 5)).astype(np.float32)
STRIDES: dict[str, Attribute] = {"strides": [1, 2, 2, 1], "padding": "SAME"}


def graph() -> bytes:
    return (
        node("image", "Placeholder")
        + constant("filters", FILTERS)
        + constant("depthwise", DEPTHWISE)
        + constant("bias", BIAS)
        + constant("last", LAST)
        + constant("axis", np.array(3, np.int32))
        + node("conv", "Conv2D", ["image", "filters"], **STRIDES)
        + node("pool", "MaxPool", ["conv"], ksize=[1, 3, 3, 1], **STRIDES)
        + node("deep", "DepthwiseConv2dNative", ["pool", "depthwise"], **STRIDES)
        + node("biased", "BiasAdd", ["deep", "bias"])
        + node("positive", "Relu", ["biased"])
        + node("same", "Identity", ["biased"])
        + node("both", "ConcatV2", ["positive", "same", "axis"])
        + node("output", "Conv2D", ["both", "last"], strides=[1, 1, 1, 1], padding="VALID")
    )


GAMMA, BETA, MEAN = (RNG.normal(size=3).astype(np.float32) for _ in range(3))
VARIANCE = RNG.uniform(0.5, 2, 3).astype(np.float32)
SPREAD = RNG.normal(size=(4, 4, 2, 3)).astype(np.float32)


def excited_graph() -> bytes:
    """Normalisation, a gate for each channel by its mean, and a transposed convolution."""
    axes, begins = np.array([1, 2], np.int32), [np.array([i], np.int32) for i in range(4)]
    parts = ("gamma", GAMMA), ("beta", BETA), ("mean", MEAN), ("variance", VARIANCE)
    slices = b"".join(
        constant(f"begin_{i}", begins[i])
        + node(f"size_{i}", "StridedSlice", ["sizes", f"begin_{i}"], shrink_axis_mask=1)
        for i in range(3)
    )
    return (
        placeholder("image", [-1, 20, 30, 3])
        + b"".join(constant(name, value) for name, value in parts)
        + constant("axes", axes)
        + constant("spread", SPREAD)
        + constant("two", np.array(2, np.int32))
        + constant("maps", np.array(2, np.int32))
        + constant("pixel", np.array([-1, 1, 1, 3], np.int32))
        + constant("shift", np.array([1, 2, 3], np.float32))
        + node(
            "normal",
            "FusedBatchNormV3",
            ["image", "gamma", "beta", "mean", "variance"],
            is_training=False,
            epsilon=0.25,
        )
        + node("pooled", "AvgPool", ["normal"], ksize=[1, 3, 3, 1], **STRIDES)
        + node("mean_of_all", "Mean", ["pooled", "axes"], keep_dims=False)
        + node("pixels", "Reshape", ["mean_of_all", "pixel"])
        + node("gate", "Sigmoid", ["pixels"])
        + node("gated", "Mul", ["pooled", "gate"])
        + node("shifted", "Add", ["gated", "shift"])
        + node("sizes", "Shape", ["shifted"])
        + slices
        + node("height", "Mul", ["size_1", "two"])
        + node("width", "Mul", ["size_2", "two"])
        + node("size", "Pack", ["size_0", "height", "width", "maps"])
        + node("output", "Conv2DBackpropInput", ["size", "spread", "shifted"], **STRIDES)
    )


def excited_reference(image: Array) -> Array:
    """Returns (2, H, W) for an image (H, W, 3), by the definitions alone."""
    normal = (image - MEAN) / np.sqrt(VARIANCE + 0.25) * GAMMA + BETA
    pooled = np.nanmean(windows(normal, 3, 2, np.nan, same=True), axis=(2, 3))
    gated = pooled / (1 + np.exp(-pooled.mean(axis=(0, 1)))) + np.array([1, 2, 3], np.float32)
    height, width, _ = gated.shape
    out = np.zeros((2 * height + 2, 2 * width + 2, 2))
    for row, column in np.ndindex(height, width):
        patch = np.einsum("c,ijdc->ijd", gated[row, column], SPREAD)
        out[2 * row : 2 * row + 4, 2 * column : 2 * column + 4] += patch
    return np.ascontiguousarray(out[1:-1, 1:-1].transpose(2, 0, 1))


def reference(image: Array) -> Array:
    """Returns (5, h, w) for an image (H, W, 3), by the definitions alone."""
    conv = np.einsum("hwijc,ijcd->hwd", windows(image, 3, 2, 0, same=True), FILTERS)
    pool = windows(conv, 3, 2, -np.inf, same=True).max(axis=(2, 3))
    deep = np.einsum("hwijc,ijcm->hwcm", windows(pool, 3, 2, 0, same=True), DEPTHWISE)
    biased = deep.reshape(*deep.shape[:2], -1) + BIAS
    both = np.concatenate([np.maximum(biased, 0), biased], axis=2)
    output = np.einsum("hwijc,ijcd->hwd", windows(both, 2, 1, 0, same=False), LAST)
    return np.ascontiguousarray(output.transpose(2, 0, 1))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> StoredNetwork:
    folder = tmp_path_factory.mktemp("operations")
    run_import(folder, graph())
    outputs = (OutputSpec("", (5,), stride=10),)
    spec = replace(TFPOSE, outputs=outputs, input=replace(TFPOSE.input, stride=10))
    return StoredNetwork(spec, folder, Manifest.describe(spec, "graphdef", folder))


@pytest.fixture(scope="module")
def excited(tmp_path_factory: pytest.TempPathFactory) -> StoredNetwork:
    folder = tmp_path_factory.mktemp("excited")
    run_import(folder, excited_graph())
    size = replace(TFPOSE.input, height=20, max_width=30, stride=1, is_fixed=True)
    spec = replace(TFPOSE, outputs=(OutputSpec("", (2, 20, 30)),), input=size)
    return StoredNetwork(spec, folder, Manifest.describe(spec, "graphdef", folder))


def run_import(folder: Path, content: bytes, *names: str) -> None:
    (folder / "graph.pb").write_bytes(content)
    arguments = ["graphdef", str(folder), str(folder / "weights"), *names]
    run_isolated(import_network.__name__, arguments, timeout_s=120)


@pytest.mark.parametrize("engine", ["openvino", "onednn", "plain"])
def test_imported_operations_equal_their_definitions(model: StoredNetwork, engine: Engine) -> None:
    predictor = PaddlePredictor(model, engine, threads=1)
    for height, width in ((20, 30), (30, 20), (20, 20)):
        image = RNG.normal(size=(height, width, 3)).astype(np.float32)
        (output,) = predictor.run(np.ascontiguousarray(image.transpose(2, 0, 1)[None]))
        np.testing.assert_allclose(output[0], reference(image), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("engine", ["openvino", "onednn", "plain"])
def test_imported_gates_and_shapes_equal_their_definitions(
    excited: StoredNetwork, engine: Engine
) -> None:
    images = RNG.normal(size=(2, 20, 30, 3)).astype(np.float32)
    predictor = PaddlePredictor(excited, engine, threads=1)
    (outputs,) = predictor.run(np.ascontiguousarray(images.transpose(0, 3, 1, 2)))
    expected = [excited_reference(image) for image in images]
    np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        pytest.param(
            node("image", "Placeholder")
            + constant("f", FILTERS[:, :, :2])
            + node("odd", "Conv2D", ["image", "f"], **STRIDES),
            "node 'odd' has inputs that do not fit: filters .* on 3 channels",
            id="filters of another depth",
        ),
        pytest.param(
            node("image", "Placeholder") + node("odd", "MaxPool", ["image"], padding="EXPLICIT"),
            "node 'odd' has a padding other than SAME",
            id="unknown padding",
        ),
        pytest.param(
            node("image", "Placeholder")
            + node("odd", "MaxPool", ["image"], strides=[2, 1, 1, 1], padding="SAME"),
            "node 'odd' has strides",
            id="stride over the batch",
        ),
        pytest.param(
            node("image", "Placeholder")
            + node("a", "Relu", ["image"])
            + node("b", "Relu", ["image"]),
            "2 outputs: .*'a', 'b'",
            id="two outputs",
        ),
        pytest.param(constant("c", BIAS) + node("a", "Relu", ["c"]), "0 inputs", id="no input"),
        pytest.param(
            node("image", "Placeholder")
            + constant("axes", np.array([1, 3], np.int32))
            + node("odd", "Mean", ["image", "axes"]),
            "node 'odd' has a mean over",
            id="mean over channels",
        ),
        pytest.param(
            placeholder("image", [-1, 20, 30, 3])
            + constant("size", np.array([-1, 1800], np.int32))
            + node("odd", "Reshape", ["image", "size"]),
            "node 'odd' has a change of",
            id="reshape of maps",
        ),
        pytest.param(
            node("image", "Placeholder")
            + constant("c", GAMMA)
            + node("odd", "FusedBatchNorm", ["image", "c", "c", "c", "c"], is_training=True),
            "node 'odd' has a normalisation by the batch",
            id="training",
        ),
    ],
)
def test_import_unsupported_names_the_node(tmp_path: Path, content: bytes, text: str) -> None:
    with pytest.raises(IsolatedError, match=text) as caught:
        run_import(tmp_path, content)
    assert caught.value.reason == "WEIGHTS_UNSUPPORTED"
