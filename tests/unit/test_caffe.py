"""The reader of Caffe's networks: layers, weights, and what it says of what does not fit."""

from pathlib import Path

import numpy as np
import pytest
from posewire_server.errors import WeightsError
from posewire_server.models.weights.importers.originals.caffe import read_caffe, read_weights

from tests.caffe_writer import caffemodel

FILTERS = np.arange(54, dtype=np.float32).reshape(2, 3, 3, 3)
BIAS = np.array([1, 2], np.float32)
NETWORK = """
name: "tiny"  # a comment
input: "data" input_dim: 1 input_dim: 3 input_dim: 8 input_dim: 8
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
        convolution_param { num_output: 2 kernel_size: 3 pad: 1 stride: 2 } }
layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
layer { name: "loss" type: "EuclideanLoss" bottom: "conv" top: "loss" include { phase: TRAIN } }
"""


def write(folder: Path, text: str, weights: bytes) -> Path:
    (folder / "net.prototxt").write_text(text)
    (folder / "net.caffemodel").write_bytes(weights)
    return folder


@pytest.mark.parametrize("legacy", [False, True])
def test_read_caffe_gives_layers_with_their_weights(tmp_path: Path, legacy: bool) -> None:
    weights = caffemodel({"conv": [FILTERS, BIAS]}, legacy=legacy)
    layers, shape = read_caffe(write(tmp_path, NETWORK, weights))
    assert shape == (3, 8, 8)
    assert [(layer.kind, layer.inputs, layer.output) for layer in layers] == [
        ("convolution", ("image",), "conv"),
        ("relu", ("conv",), "conv"),
    ]
    assert layers[0].settings["strides"] == (2, 2)
    np.testing.assert_array_equal(layers[0].weights[0], FILTERS)
    np.testing.assert_array_equal(layers[0].weights[1], BIAS)


def test_read_caffe_input_layer_gives_the_shape(tmp_path: Path) -> None:
    text = NETWORK.replace(
        'input: "data" input_dim: 1 input_dim: 3 input_dim: 8 input_dim: 8',
        'layer { name: "in" type: "Input" top: "data" '
        "input_param { shape: { dim: 1 dim: 3 dim: 8 dim: 8 } } }",
    )
    layers, shape = read_caffe(write(tmp_path, text, caffemodel({"conv": [FILTERS, BIAS]})))
    assert (len(layers), shape) == (2, (3, 8, 8))


def test_read_caffe_unknown_layer_keeps_its_name(tmp_path: Path) -> None:
    text = NETWORK.replace('"ReLU"', '"SPP"')
    layers, _ = read_caffe(write(tmp_path, text, caffemodel({"conv": [FILTERS, BIAS]})))
    assert layers[1].kind == "SPP"  # Refused, named, by the translator.


@pytest.mark.parametrize(
    ("text", "weights", "reason", "said"),
    [
        (NETWORK, caffemodel({"other": [BIAS]}), "WEIGHTS_UNSUPPORTED", "same network"),
        (NETWORK, caffemodel({"conv": [FILTERS]}), "WEIGHTS_UNSUPPORTED", "2 arrays"),
        (NETWORK, caffemodel({"conv": [FILTERS[:1], BIAS]}), "WEIGHTS_UNSUPPORTED", "2 outputs"),
        (NETWORK, caffemodel({"conv": [FILTERS, BIAS]})[:-4], "WEIGHTS_DAMAGED", "cut short"),
        (NETWORK, b"", "WEIGHTS_DAMAGED", "no weights"),
        (
            NETWORK.partition("include")[0],
            caffemodel({"conv": [FILTERS, BIAS]}),
            "WEIGHTS_DAMAGED",
            "not readable: .*Expected",
        ),
        (
            NETWORK.replace("stride: 2", "stride: 99999"),
            caffemodel({"conv": [FILTERS, BIAS]}),
            "WEIGHTS_DAMAGED",
            "stride",
        ),
        (
            NETWORK.replace("input_dim: 8 input_dim: 8", ""),
            caffemodel({"conv": [FILTERS, BIAS]}),
            "WEIGHTS_DAMAGED",
            "input",
        ),
        (
            NETWORK.replace("layer {", "layers {"),
            caffemodel({"conv": [FILTERS, BIAS]}),
            "WEIGHTS_UNSUPPORTED",
            "upgrade_net_proto_text",
        ),
    ],
)
def test_read_caffe_bad_files_raise_weights_error(
    tmp_path: Path, text: str, weights: bytes, reason: str, said: str
) -> None:
    with pytest.raises(WeightsError, match=said) as caught:
        read_caffe(write(tmp_path, text, weights))
    assert caught.value.reason == reason


def test_read_weights_wrong_count_raises_damaged() -> None:
    content = caffemodel({"conv": [BIAS]}).replace(BIAS.tobytes(), BIAS.tobytes()[::-1])
    read_weights(content)  # Other values, the same count.
    with pytest.raises(WeightsError) as caught:
        read_weights(caffemodel({"conv": [np.zeros((0,), np.float32)]}))
    assert caught.value.reason == "WEIGHTS_DAMAGED"


def test_read_caffe_without_files_names_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "weights.bin").touch()
    with pytest.raises(WeightsError, match=r"weights\.bin"):
        read_caffe(tmp_path)
