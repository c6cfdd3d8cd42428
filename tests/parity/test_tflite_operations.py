"""Every operation of the TensorFlow Lite importer against NumPy, where padding is uneven."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from posewire_server.inference.engine.engine_config import Engine
from posewire_server.inference.engine.predictor import PaddlePredictor
from posewire_server.isolated import IsolatedError, run_isolated
from posewire_server.models.catalog.mediapipe_networks import PALM
from posewire_server.models.catalog.spec import InputSpec, OutputSpec
from posewire_server.models.weights.importers import import_network
from posewire_server.models.weights.manifest import Manifest, StoredNetwork

from tests.oracles.windows import windows
from tests.tflite_writer import SAME, VALID, Network, byte

Array = npt.NDArray[np.float32]
Emit = Callable[[Network], int]
HEIGHT, WIDTH = 10, 7


def draw(*shape: int) -> Array:
    return np.random.default_rng(sum(shape)).normal(size=shape).astype(np.float32)


FILTERS, BIAS = draw(4, 3, 3, 3), draw(4)
DEPTHWISE = draw(1, 3, 3, 6)
SPREAD = draw(5, 4, 4, 3)
DENSE = draw(4, HEIGHT * WIDTH * 3)
SLOPES = draw(1, 1, 3)
SCALES = draw(3)


def conv_options(padding: int, stride: int = 2, activation: int = 0) -> dict[int, object]:
    return {0: byte(padding), 1: stride, 2: stride, 3: byte(activation)}


def convolve(x: Array, *, same: bool) -> Array:
    return np.einsum("hwijc,dijc->hwd", windows(x, 3, 2, same=same), FILTERS) + BIAS


def add_conv(net: Network, x: int, height: int, width: int, padding: int) -> int:
    inputs = [x, net.constant(FILTERS), net.constant(BIAS)]
    return net.add("CONV_2D", inputs, (1, height, width, 4), conv_options(padding, activation=3))


def conv_same(net: Network) -> int:
    return add_conv(net, net.image, 5, 4, SAME)


def conv_half_precision(net: Network) -> int:
    filters = net.constant(FILTERS.astype(np.float16))
    filters = net.add("DEQUANTIZE", [filters], FILTERS.shape)
    inputs = [net.image, filters, net.constant(BIAS)]
    return net.add("CONV_2D", inputs, (1, 4, 3, 4), conv_options(VALID))


def pad(net: Network, padding: list[list[int]], shape: tuple[int, ...]) -> int:
    return net.add("PAD", [net.image, net.constant(np.array(padding, np.int32))], shape)


def conv_of_padded(net: Network) -> int:
    padded = pad(net, [[0, 0], [0, 1], [1, 0], [0, 0]], (1, 11, 8, 3))
    return add_conv(net, padded, 5, 3, VALID)


def depthwise(net: Network) -> int:
    options = {0: byte(SAME), 1: 1, 2: 1, 3: 2, 4: byte(1)}
    inputs = [net.image, net.constant(DEPTHWISE), -1]
    return net.add("DEPTHWISE_CONV_2D", inputs, (1, HEIGHT, WIDTH, 6), options)


def transposed(net: Network) -> int:
    size = net.constant(np.array([1, 20, 14, 5], np.int32))
    inputs = [size, net.constant(SPREAD), net.image]
    return net.add("TRANSPOSE_CONV", inputs, (1, 20, 14, 5), conv_options(SAME))


def transpose_convolution(x: Array) -> Array:
    out = np.zeros((2 * HEIGHT + 2, 2 * WIDTH + 2, 5), np.float32)
    for row, column in np.ndindex(HEIGHT, WIDTH):
        patch = np.einsum("c,dijc->ijd", x[row, column], SPREAD)
        out[2 * row : 2 * row + 4, 2 * column : 2 * column + 4] += patch
    return out[1:-1, 1:-1]


def pool(operation: str) -> Emit:
    options = {0: byte(SAME), 1: 2, 2: 2, 3: 3, 4: 3}
    return lambda net: net.add(operation, [net.image], (1, 5, 4, 3), options)


def padded_sum(net: Network) -> int:
    """Channels and pixels of zeros, read by two operations that take no padding."""
    padded = pad(net, [[0, 0], [1, 2], [0, 3], [1, 4]], (1, 13, 10, 8))
    return net.add("ADD", [padded, net.constant(np.ones(8, np.float32))], (1, 13, 10, 8), {})


def fully_connected(net: Network) -> int:
    inputs = [net.image, net.constant(DENSE), net.constant(BIAS)]
    return net.add("FULLY_CONNECTED", inputs, (1, 4), {0: byte(0)})


def mean(net: Network) -> int:
    axes = net.constant(np.array([1, 2], np.int32))
    return net.add("MEAN", [net.image, axes], (1, 3), {0: byte(0)})


def reshape(net: Network) -> int:
    shape = net.constant(np.array([1, -1, 6], np.int32))
    rows = net.add("RESHAPE", [net.image, shape], (1, 35, 6))
    joined = net.add("CONCATENATION", [rows, rows], (1, 70, 6), {0: 1})
    return net.add("RESHAPE", [joined, shape], (1, 7, 5, 12))


def resize(align_corners: int) -> Emit:
    options = {2: byte(align_corners), 3: byte(1 - align_corners)}

    def emit(net: Network) -> int:
        size = net.constant(np.array([20, 14], np.int32))
        return net.add("RESIZE_BILINEAR", [net.image, size], (1, 20, 14, 3), options)

    return emit


def resized(x: Array, *, align_corners: bool) -> Array:
    for axis, length in ((0, 20), (1, 14)):
        size = x.shape[axis]
        places = np.arange(length, dtype=np.float64)
        places = places * (size - 1) / (length - 1) if align_corners else (places + 0.5) / 2 - 0.5
        places = np.clip(places, 0, size - 1)
        low = np.minimum(places.astype(int), size - 2)
        share = (places - low).reshape((-1, 1, 1) if axis == 0 else (1, -1, 1))
        x = np.take(x, low, axis) * (1 - share) + np.take(x, low + 1, axis) * share
    return x


def depth_to_space(net: Network) -> int:
    filters, bias = net.constant(draw(8, 1, 1, 3)), net.constant(np.zeros(8, np.float32))
    options = conv_options(VALID, stride=1)
    y = net.add("CONV_2D", [net.image, filters, bias], (1, HEIGHT, WIDTH, 8), options)
    return net.add("DEPTH_TO_SPACE", [y], (1, 2 * HEIGHT, 2 * WIDTH, 2), {0: 2})


def space(x: Array) -> Array:
    y = (x @ draw(8, 1, 1, 3)[:, 0, 0].T).reshape(HEIGHT, WIDTH, 2, 2, 2)
    return y.transpose(0, 2, 1, 3, 4).reshape(2 * HEIGHT, 2 * WIDTH, 2)


def scaled(net: Network) -> int:
    y = net.add("LOGISTIC", [net.image], (1, HEIGHT, WIDTH, 3))
    y = net.add("MUL", [y, net.constant(SCALES)], (1, HEIGHT, WIDTH, 3), {0: byte(4)})
    return net.add("CONCATENATION", [net.image, y], (1, HEIGHT, WIDTH, 6), {0: 3})


def scale(x: Array) -> Array:
    return np.concatenate([x, np.tanh(SCALES / (1 + np.exp(-x)))], axis=2)


def prelu(net: Network) -> int:
    return net.add("PRELU", [net.image, net.constant(SLOPES)], (1, HEIGHT, WIDTH, 3))


OPERATIONS: dict[str, tuple[Emit, Callable[[Array], Array]]] = {
    "conv": (conv_same, lambda x: np.clip(convolve(x, same=True), 0, 6)),
    "conv_half_precision": (
        conv_half_precision,
        lambda x: (
            np.einsum(
                "hwijc,dijc->hwd",
                windows(x, 3, 2, same=False),
                FILTERS.astype(np.float16).astype(np.float32),
            )
            + BIAS
        ),
    ),
    "conv_of_padded": (
        conv_of_padded,
        lambda x: np.clip(convolve(np.pad(x, ((0, 1), (1, 0), (0, 0))), same=False), 0, 6),
    ),
    "depthwise": (
        depthwise,
        lambda x: np.maximum(
            np.einsum("hwijc,ijcm->hwcm", windows(x, 3, 1), DEPTHWISE.reshape(3, 3, 3, 2)).reshape(
                HEIGHT, WIDTH, 6
            ),
            0,
        ),
    ),
    "transposed": (transposed, transpose_convolution),
    "max_pool": (pool("MAX_POOL_2D"), lambda x: windows(x, 3, 2, -np.inf).max(axis=(2, 3))),
    "average_pool": (
        pool("AVERAGE_POOL_2D"),
        lambda x: np.nanmean(windows(x, 3, 2, np.nan), axis=(2, 3)),
    ),
    "padded_sum": (padded_sum, lambda x: np.pad(x, ((1, 2), (0, 3), (1, 4))) + 1),
    "fully_connected": (fully_connected, lambda x: DENSE @ x.reshape(-1) + BIAS),
    "mean": (mean, lambda x: x.mean(axis=(0, 1))),
    "reshape": (reshape, lambda x: np.tile(x.reshape(-1), 2).reshape(7, 5, 12)),
    "resize": (resize(0), lambda x: resized(x, align_corners=False)),
    "resize_corners": (resize(1), lambda x: resized(x, align_corners=True)),
    "depth_to_space": (depth_to_space, space),
    "scaled": (scaled, scale),
    "prelu": (prelu, lambda x: np.where(x > 0, x, SLOPES[0] * x)),
}


def run_import(folder: Path, content: bytes, *names: str) -> None:
    (folder / "network.tflite").write_bytes(content)
    arguments = ["tflite", str(folder), str(folder / "weights"), *names]
    run_isolated(import_network.__name__, arguments, timeout_s=120)


def to_maps(value: Array) -> Array:
    """Returns maps in the order of the program, all else as it is."""
    return value.transpose(2, 0, 1) if value.ndim == 3 else value


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> StoredNetwork:
    """All operations as branches of one network."""
    folder = tmp_path_factory.mktemp("operations")
    net = Network((1, HEIGHT, WIDTH, 3))
    outputs = [emit(net) for emit, _ in OPERATIONS.values()]
    names = [str(net.tensors[number][3]) for number in outputs]
    run_import(folder, net.content(outputs), *names)
    zeros = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    shapes = [to_maps(define(zeros)).shape for _, define in OPERATIONS.values()]
    size = InputSpec(HEIGHT, WIDTH, 1, "RGB", is_fixed=True)
    described = [OutputSpec(*each) for each in zip(names, shapes, strict=True)]
    spec = replace(PALM, name="operations", input=size, outputs=tuple(described), golden="")
    return StoredNetwork(spec, folder, Manifest.describe(spec, "tflite", folder))


@pytest.mark.parametrize("engine", ["openvino", "onednn", "plain"])
def test_imported_operations_equal_their_definitions(stored: StoredNetwork, engine: Engine) -> None:
    images = np.random.default_rng(3).normal(size=(2, HEIGHT, WIDTH, 3)).astype(np.float32)
    inputs = np.ascontiguousarray(images.transpose(0, 3, 1, 2))
    outputs = PaddlePredictor(stored, engine, threads=1).run(inputs)
    for (name, (_, define)), output in zip(OPERATIONS.items(), outputs, strict=True):
        expected = np.stack([to_maps(define(image)) for image in images])
        np.testing.assert_allclose(output, expected, rtol=1e-4, atol=1e-4, err_msg=name)


def odd(operation: str | int, options: dict[int, object], **named: str) -> bytes:
    net = Network((1, HEIGHT, WIDTH, 3))
    shape = (1, HEIGHT, WIDTH, 3)
    return net.content([net.add(operation, [net.image], shape, options, "odd", **named)])


def narrow_filters() -> bytes:
    net = Network((1, HEIGHT, WIDTH, 3))
    inputs = [net.image, net.constant(draw(4, 3, 3, 2)), -1]
    return net.content([net.add("CONV_2D", inputs, (1, 5, 4, 4), conv_options(SAME), "odd")])


@pytest.mark.parametrize(
    ("content", "text"),
    [
        pytest.param(odd(99, {}), "'odd' has the operation 'BuiltinOperator 99'", id="unknown"),
        pytest.param(odd(32, {}, custom="Landmarks"), "'odd' has .* 'Landmarks'", id="custom"),
        pytest.param(odd("MAX_POOL_2D", {1: 2, 2: 2, 3: 2, 4: 2}), "file says", id="other shape"),
        pytest.param(odd("DEQUANTIZE", {}), "DEQUANTIZE of what is computed", id="quantized"),
        pytest.param(narrow_filters(), "'odd' has inputs that do not fit", id="filters"),
    ],
)
def test_import_unsupported_names_the_node(tmp_path: Path, content: bytes, text: str) -> None:
    with pytest.raises(IsolatedError, match=text) as caught:
        run_import(tmp_path, content)
    assert caught.value.reason == "WEIGHTS_UNSUPPORTED"


def test_import_output_absent_names_the_ends(tmp_path: Path) -> None:
    net = Network((1, HEIGHT, WIDTH, 3))
    content = net.content([net.add("RELU", [net.image], (1, HEIGHT, WIDTH, 3), name="end")])
    with pytest.raises(IsolatedError, match=r"no 'heatmaps'; it ends in \['end'\]"):
        run_import(tmp_path, content, "heatmaps")
