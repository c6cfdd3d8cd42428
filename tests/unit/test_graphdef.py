import numpy as np
import pytest
from posewire_server.errors import WeightsError
from posewire_server.models.weights.importers.graphdef.graphdef import read_graph
from posewire_server.models.weights.importers.graphdef.graphdef_operations import OPERATIONS
from posewire_server.models.weights.importers.program.import_errors import check_operations

from tests.graphdef_writer import block, constant, node, number


def test_read_graph_out_of_order_returns_inputs_first() -> None:
    content = node("b", "Relu", ["a:0", "^c"]) + node("c", "NoOp") + node("a", "Placeholder")
    nodes = read_graph(content)
    assert [n.name for n in nodes if n.name != "c"] == ["a", "b"]
    assert next(n for n in nodes if n.name == "b").inputs == ("a",)


def test_node_attributes_are_read_by_type() -> None:
    (only,) = read_graph(node("p", "MaxPool", strides=[1, 2, 2, 1], padding="SAME"))
    assert only.integers("strides") == [1, 2, 2, 1]
    assert only.text("padding", "") == "SAME"
    assert only.text("data_format", "NHWC") == "NHWC"
    assert only.integers("dilations") == []


@pytest.mark.parametrize("dtype", [np.float32, np.int32, np.int64])
def test_constant_of_each_dtype_returns_the_value(dtype: type[np.generic]) -> None:
    value = np.arange(6).reshape(2, 3).astype(dtype)
    (only,) = read_graph(constant("c", value))
    np.testing.assert_array_equal(only.constant(), value)
    assert only.constant().dtype == dtype


def test_constant_one_value_for_many_elements_is_repeated() -> None:
    shape = block(2, block(2, number(1, 4)))
    tensor = number(1, 3) + shape + number(7, 9)
    value = block(5, block(1, "value") + block(2, block(8, tensor)))
    (only,) = read_graph(block(1, block(1, "c") + block(2, "Const") + value))
    np.testing.assert_array_equal(only.constant(), [9, 9, 9, 9])


@pytest.mark.parametrize(
    ("content", "text"),
    [
        pytest.param(b"", "no nodes", id="empty"),
        pytest.param(node("a", "Relu") + node("a", "Relu"), "twice", id="name twice"),
        pytest.param(node("a", "Relu", ["x"]), "'x', which is not there", id="missing input"),
        pytest.param(node("a", "Relu", ["b"]) + node("b", "Relu", ["a"]), "cycle", id="cycle"),
    ],
)
def test_read_graph_malformed_raises_damaged(content: bytes, text: str) -> None:
    with pytest.raises(WeightsError, match=text) as caught:
        read_graph(content)
    assert caught.value.reason == "WEIGHTS_DAMAGED"


@pytest.mark.parametrize(
    ("shape", "data"),
    [
        pytest.param([3], bytes(8), id="too few bytes"),
        pytest.param([-1], bytes(4), id="negative size"),
        pytest.param([1 << 40], bytes(4), id="more than any memory"),
        pytest.param([1] * 100, bytes(4), id="hundred axes"),
    ],
)
def test_constant_with_a_shape_that_does_not_fit_raises_damaged(
    shape: list[int], data: bytes
) -> None:
    sizes = b"".join(block(2, number(1, size)) for size in shape)
    tensor = number(1, 1) + block(2, sizes) + block(4, data)
    value = block(5, block(1, "value") + block(2, block(8, tensor)))
    (only,) = read_graph(block(1, block(1, "c") + block(2, "Const") + value))
    with pytest.raises(WeightsError) as caught:
        only.constant()
    assert caught.value.reason == "WEIGHTS_DAMAGED"


def test_constant_of_an_unknown_dtype_raises_unsupported() -> None:
    tensor = number(1, 7)
    value = block(5, block(1, "value") + block(2, block(8, tensor)))
    (only,) = read_graph(block(1, block(1, "c") + block(2, "Const") + value))
    with pytest.raises(WeightsError, match="data type 7") as caught:
        only.constant()
    assert caught.value.reason == "WEIGHTS_UNSUPPORTED"


def test_check_operations_unknown_names_operation_node_and_remedy() -> None:
    nodes = read_graph(node("image", "Placeholder") + node("net/odd", "FancyOp", ["image"]))
    with pytest.raises(WeightsError, match=r"'net/odd'.*'FancyOp'.*[Ff]reeze") as caught:
        check_operations(((node.name, node.operation) for node in nodes), OPERATIONS)
    assert caught.value.reason == "WEIGHTS_UNSUPPORTED"
