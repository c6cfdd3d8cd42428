"""The fused operations of graph models against NumPy, through each engine."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from posewire_server.inference.engine.engine_config import Engine
from posewire_server.inference.engine.predictor import PaddlePredictor
from posewire_server.isolated import IsolatedError, run_isolated
from posewire_server.models.catalog.spec import InputSpec, NetworkSpec, OutputSpec, UserSource
from posewire_server.models.weights.importers import import_network
from posewire_server.models.weights.manifest import Manifest, StoredNetwork

from tests.parity.test_graphdef_operations import windows
from tests.tfjs_writer import node, write_model

Array = npt.NDArray[np.float32]
RNG = np.random.default_rng(17)
CONSTANTS: dict[str, npt.NDArray[np.generic]] = {
    "filters": RNG.normal(size=(3, 3, 3, 4)).astype(np.float32),
    "bias": RNG.normal(size=4).astype(np.float32),
    "depthwise": RNG.normal(size=(3, 3, 4, 1)).astype(np.float32),
    "deep_bias": 4 + RNG.normal(size=4).astype(np.float32),
    "point": RNG.normal(size=(1, 1, 4, 4)).astype(np.float32),
    "axis": np.array(3, np.int32),
    "filters_of_two": np.zeros((3, 3, 2, 4), np.float32),
}
STRIDED = {"strides": [1, 2, 2, 1], "padding": "SAME"}
PLAIN = {"strides": [1, 1, 1, 1], "padding": "SAME"}
NODES = [
    node("image", "Placeholder"),
    node("conv", "_FusedConv2D", ["image", "filters", "bias"], fused_ops=["BiasAdd"], **STRIDED),
    node(
        "deep",
        "FusedDepthwiseConv2dNative",
        ["conv", "depthwise", "deep_bias"],
        fused_ops=["BiasAdd", "Relu6"],
        **PLAIN,
    ),
    node("point_wise", "_FusedConv2D", ["deep", "point"], fused_ops=["Relu"], **PLAIN),
    node("sum", "AddV2", ["point_wise", "conv"]),
    node("both", "ConcatV2", ["sum", "deep", "axis"]),
    node("unused", "Softmax", ["both"]),  # Unknown, but no output needs it.
]
SPEC = NetworkSpec(
    name="operations",
    input=InputSpec(height=20, max_width=40, stride=2),
    outputs=(OutputSpec("both", (8,), stride=2), OutputSpec("deep", (4,), stride=2)),
    source=UserSource("a test", "MIT"),
    importer="tfjs",
)


def reference(image: Array) -> tuple[Array, Array]:
    """Returns both outputs (C, h, w) for an image (H, W, 3), by the definitions alone."""
    c = {name: value.astype(np.float64) for name, value in CONSTANTS.items()}
    conv = np.einsum("hwijc,ijcd->hwd", windows(image, 3, 2, 0, same=True), c["filters"])
    conv = (conv + c["bias"]).astype(np.float32)
    deep = np.einsum("hwijc,ijcm->hwcm", windows(conv, 3, 1, 0, same=True), c["depthwise"])
    deep = np.clip(deep[..., 0] + c["deep_bias"], 0, 6)
    point = np.maximum(deep @ c["point"][0, 0], 0)
    both = np.concatenate([point + conv, deep], axis=2)
    return both.transpose(2, 0, 1).astype(np.float32), deep.transpose(2, 0, 1).astype(np.float32)


def run_import(folder: Path, *outputs: str) -> None:
    arguments = ["tfjs", str(folder), str(folder / "weights"), *outputs]
    run_isolated(import_network.__name__, arguments, timeout_s=120)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> StoredNetwork:
    folder = tmp_path_factory.mktemp("operations")
    write_model(folder, NODES, CONSTANTS, shard_bytes=100)
    run_import(folder, *(output.name for output in SPEC.outputs))
    return StoredNetwork(SPEC, folder, Manifest.describe(SPEC, "tfjs", folder))


@pytest.mark.parametrize("engine", ["openvino", "onednn", "plain"])
def test_fused_operations_equal_their_definitions(network: StoredNetwork, engine: Engine) -> None:
    predictor = PaddlePredictor(network, engine, threads=1)
    for height, width in ((20, 30), (14, 14)):
        images = RNG.normal(size=(2, height, width, 3)).astype(np.float32)
        outputs = predictor.run(np.ascontiguousarray(images.transpose(0, 3, 1, 2)))
        for index, image in enumerate(images):
            for output, expected in zip(outputs, reference(image), strict=True):
                np.testing.assert_allclose(output[index], expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("output", "text"),
    [
        pytest.param(
            node("odd", "_FusedConv2D", ["image", "filters", "bias"], fused_ops=["Elu"], **PLAIN),
            r"node 'odd' has 3 inputs and the fused operations \['Elu'\]; known are BiasAdd",
            id="unknown fused operation",
        ),
        pytest.param(
            node("odd", "_FusedConv2D", ["image", "filters"], fused_ops=["BiasAdd"], **PLAIN),
            "node 'odd' has 2 inputs",
            id="bias missing",
        ),
        pytest.param(
            node("odd", "_FusedConv2D", ["image", "filters_of_two"], **PLAIN),
            "node 'odd' has inputs that do not fit: filters .* on 3 channels",
            id="filters of another depth",
        ),
        pytest.param(
            node("odd", "Softmax", ["image"]),
            "node 'odd' has the operation 'Softmax'; known are Add",
            id="unknown operation",
        ),
    ],
)
def test_import_unsupported_names_the_node(tmp_path: Path, output: object, text: str) -> None:
    write_model(tmp_path, [node("image", "Placeholder"), output], CONSTANTS)
    with pytest.raises(IsolatedError, match=text) as caught:
        run_import(tmp_path, "odd")
    assert caught.value.reason == "WEIGHTS_UNSUPPORTED"
