from pathlib import Path
from typing import Any

import numpy as np
import pytest
from posewire_server.errors import WeightsError
from posewire_server.models.weights.importers.graphdef.tfjs import read_graph_model

from tests.tfjs_writer import entry, node, write_json, write_model

VALUE = np.arange(12, dtype=np.float32).reshape(3, 4)


def read_constant(folder: Path, weights: dict[str, Any], content: bytes) -> Any:
    (folder / "w.bin").write_bytes(content)
    write_json(folder, [node("c", "Const")], ["w.bin"], [{"name": "c", **weights}])
    (only,) = read_graph_model(folder)
    return only.constant()


@pytest.mark.parametrize("shard_bytes", [1 << 20, 7])
def test_read_graph_model_shards_are_joined(tmp_path: Path, shard_bytes: int) -> None:
    counts = np.array([[1, -2]], np.int32)
    write_model(tmp_path, [], {"a": VALUE, "b": counts, "c": np.float32(5)[None]}, shard_bytes)
    values = {each.name: each.constant() for each in read_graph_model(tmp_path)}
    np.testing.assert_array_equal(values["a"], VALUE)
    np.testing.assert_array_equal(values["b"], counts)
    assert values["c"] == [5]


def test_read_graph_model_out_of_order_returns_inputs_first(tmp_path: Path) -> None:
    nodes = [node("b", "Relu", ["a:0", "^c"]), node("c", "NoOp"), node("a", "Placeholder")]
    write_model(tmp_path, nodes, {})
    found = read_graph_model(tmp_path)
    assert [each.name for each in found if each.name != "c"] == ["a", "b"]
    assert next(each for each in found if each.name == "b").inputs == ("a",)


def test_node_attributes_are_read_by_type(tmp_path: Path) -> None:
    fused = node("f", "_FusedConv2D", strides=[1, 2, 2, 1], padding="SAME", fused_ops=["Relu6"])
    write_model(tmp_path, [fused], {})
    (only,) = read_graph_model(tmp_path)
    assert only.integers("strides") == [1, 2, 2, 1]
    assert only.texts("fused_ops") == ["Relu6"]
    assert only.text("padding", "") == "SAME"
    assert only.text("data_format", "NHWC") == "NHWC"
    assert only.integers("dilations") == []


@pytest.mark.parametrize(("kind", "largest"), [("uint8", 255), ("uint16", 65535)])
def test_constant_quantised_is_restored(tmp_path: Path, kind: str, largest: int) -> None:
    stored = np.array([0, 1, largest], kind)
    quantization = {"dtype": kind, "scale": 0.5, "min": -2}
    weights = {"shape": [3], "dtype": "float32", "quantization": quantization}
    value = read_constant(tmp_path, weights, stored.tobytes())
    np.testing.assert_array_equal(value, np.float32([-2, -1.5, largest / 2 - 2]))
    assert value.dtype == np.float32


def test_constant_in_half_precision_is_restored(tmp_path: Path) -> None:
    stored = np.array([1, -0.25], np.float16)
    weights = {"shape": [2], "dtype": "float32", "quantization": {"dtype": "float16"}}
    value = read_constant(tmp_path, weights, stored.tobytes())
    np.testing.assert_array_equal(value, np.float32([1, -0.25]))


@pytest.mark.parametrize(
    ("weights", "text"),
    [
        pytest.param({"shape": [2], "dtype": "complex64"}, "'complex64'", id="complex"),
        pytest.param({"shape": [2], "dtype": "string"}, "'string'", id="string"),
        pytest.param(
            {"shape": [8], "dtype": "float32", "quantization": {"dtype": "uint4"}},
            "'uint4'; known: uint8",
            id="quantised otherwise",
        ),
    ],
)
def test_constant_of_unknown_type_is_unsupported(
    tmp_path: Path, weights: dict[str, Any], text: str
) -> None:
    with pytest.raises(WeightsError, match=text) as caught:
        read_constant(tmp_path, weights, bytes(8))
    assert caught.value.reason == "WEIGHTS_UNSUPPORTED"


@pytest.mark.parametrize(
    ("weights", "text"),
    [
        pytest.param({"shape": [3], "dtype": "float32"}, "end within 'c'", id="too few bytes"),
        pytest.param({"shape": [1], "dtype": "float32"}, "4 bytes .* no constant", id="too many"),
        pytest.param({"shape": [-2], "dtype": "float32"}, "the shape", id="negative size"),
        pytest.param({"shape": [1 << 40], "dtype": "float32"}, "the shape", id="huge"),
        pytest.param({"shape": [1] * 9, "dtype": "float32"}, "the shape", id="rank"),
        pytest.param({"shape": 2, "dtype": "float32"}, "shape must be in", id="no list"),
        pytest.param({"shape": [1.5], "dtype": "float32"}, "parse integer: 1.5", id="no integer"),
        pytest.param(
            {"shape": [2], "dtype": ["float32"]}, "dtype field: expected string", id="no string"
        ),
        pytest.param(
            {"shape": [8], "dtype": "float32", "quantization": {"dtype": "uint8"}},
            "'c' have no scale or no min",
            id="no scale",
        ),
    ],
)
def test_constant_malformed_is_damaged(tmp_path: Path, weights: dict[str, Any], text: str) -> None:
    with pytest.raises(WeightsError, match=text) as caught:
        read_constant(tmp_path, weights, bytes(8))
    assert caught.value.reason == "WEIGHTS_DAMAGED"


@pytest.mark.parametrize("path", ["../w.bin", "/etc/hostname", "..", ".", "", "sub/w.bin", 7])
def test_shard_outside_the_folder_is_refused(tmp_path: Path, path: Any) -> None:
    folder = tmp_path / "model"
    (folder / "sub").mkdir(parents=True)
    for place in (tmp_path, folder / "sub"):
        (place / "w.bin").write_bytes(bytes(4))
    write_json(folder, [node("c", "Const")], [path], [entry("c", np.zeros(1, np.float32))])
    with pytest.raises(WeightsError, match=r"not beside the model|expected string") as caught:
        read_graph_model(folder)
    assert caught.value.reason == "WEIGHTS_DAMAGED"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"", "WEIGHTS_DAMAGED", id="empty"),
        pytest.param(b"[]", "WEIGHTS_DAMAGED", id="a list"),
        pytest.param(b"{}", "WEIGHTS_DAMAGED", id="nothing in it"),
        pytest.param(b"[" * 100_000, "WEIGHTS_DAMAGED", id="nested deeply"),
        pytest.param(b"\xff\xfe{}", "WEIGHTS_DAMAGED", id="no text"),
        pytest.param(b'{"format": "layers-model"}', "WEIGHTS_UNSUPPORTED", id="layers model"),
    ],
)
def test_read_graph_model_other_content_raises(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "model.json").write_bytes(content)
    with pytest.raises(WeightsError) as caught:
        read_graph_model(tmp_path)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("nodes", "text"),
    [
        pytest.param([], "no nodes", id="empty"),
        pytest.param([node("a", "Relu"), node("a", "Relu")], "twice", id="name twice"),
        pytest.param([node("a", "Relu", ["x"])], "'x', which is not there", id="missing input"),
        pytest.param([{"name": "a"}], "no operation", id="no operation"),
        pytest.param(["a"], "no operation", id="no fields"),
    ],
)
def test_read_graph_model_malformed_graph_is_damaged(
    tmp_path: Path, nodes: list[Any], text: str
) -> None:
    write_json(tmp_path, nodes, [], [])
    with pytest.raises(WeightsError, match=text) as caught:
        read_graph_model(tmp_path)
    assert caught.value.reason == "WEIGHTS_DAMAGED"


def test_constant_without_weights_is_damaged(tmp_path: Path) -> None:
    write_json(tmp_path, [node("c", "Const")], [], [])
    with pytest.raises(WeightsError, match="weights of 'c' are not in the manifest"):
        read_graph_model(tmp_path)


def test_read_graph_model_same_weights_twice_is_damaged(tmp_path: Path) -> None:
    weights = [entry("c", np.zeros(1, np.float32))] * 2
    (tmp_path / "w.bin").write_bytes(bytes(8))
    write_json(tmp_path, [node("c", "Const")], ["w.bin"], weights)
    with pytest.raises(WeightsError, match="'c' appear twice"):
        read_graph_model(tmp_path)


def test_read_graph_model_json_too_large_is_damaged(tmp_path: Path) -> None:
    with (tmp_path / "model.json").open("wb") as file:
        file.truncate(1 << 26)
    with pytest.raises(WeightsError, match="more than") as caught:
        read_graph_model(tmp_path)
    assert caught.value.reason == "WEIGHTS_DAMAGED"


@pytest.mark.parametrize(
    "attribute", [{"list": {"i": "x"}}, {"list": {"i": [1.5]}}, {"s": "A"}, {"s": 1}, 3]
)
def test_attribute_of_another_form_is_damaged(tmp_path: Path, attribute: Any) -> None:
    write_json(tmp_path, [{**node("a", "MaxPool"), "attr": {"strides": attribute}}], [], [])
    with pytest.raises(WeightsError, match="another form") as caught:
        read_graph_model(tmp_path)
    assert caught.value.reason == "WEIGHTS_DAMAGED"


def test_attribute_that_is_no_text_is_damaged(tmp_path: Path) -> None:
    write_json(tmp_path, [{**node("a", "MaxPool"), "attr": {"padding": {"s": "/w=="}}}], [], [])
    (only,) = read_graph_model(tmp_path)
    with pytest.raises(WeightsError, match="not UTF-8") as caught:
        only.text("padding", "")
    assert caught.value.reason == "WEIGHTS_DAMAGED"
