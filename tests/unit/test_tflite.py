import struct
from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
import pytest
from posewire_server.errors import WeightsError
from posewire_server.models.weights.importers.tflite import tflite
from posewire_server.models.weights.importers.tflite.flatbuffer import Table
from posewire_server.models.weights.importers.tflite.tflite import Tensor, read_graph

from tests.tflite_writer import Network, byte, numbers, write_tables

SHAPE = (1, 4, 4, 3)


def rows(segments: list[int], indices: list[int], dtype: npt.DTypeLike = "u1") -> dict[int, object]:
    """A dimension of compressed sparse rows, its kinds of indices by their size."""
    kind = ("B", {1: 3, 2: 2, 4: 1}[np.dtype(dtype).itemsize])
    return {
        0: byte(1),
        2: kind,
        3: {0: np.array(segments, dtype)},
        4: kind,
        5: {0: np.array(indices, dtype)},
    }


def dense(size: int) -> dict[int, object]:
    return {0: byte(0), 1: size}


def sparse(
    dimensions: list[dict[int, object]], order: tuple[int, ...] = (0, 1)
) -> dict[int, object]:
    return {0: numbers(order), 2: dimensions}


def read_constant(value: npt.NDArray[np.generic], **fields: object) -> Tensor:
    net = Network(SHAPE)
    number = net.constant(value, **fields)
    return read_graph(net.content([number])).tensors[number]


def test_read_graph_returns_tensors_and_operators() -> None:
    net = Network(SHAPE)
    constant = net.constant(np.arange(3, dtype=np.float32))
    net.add("ADD", [net.image, constant], SHAPE, {0: byte(1)}, "sum")
    last = net.add("CONV_2D", [2, constant, -1], SHAPE, {1: 2, 2: 3}, "end")
    graph = read_graph(net.content([last]))
    assert [tensor.name for tensor in graph.tensors] == ["image", "constant_1", "sum", "end"]
    assert graph.tensors[0].shape == SHAPE
    assert not graph.tensors[0].is_constant
    assert (graph.inputs, graph.outputs) == ((0,), (3,))
    add, conv = graph.operators
    assert (add.operation, add.inputs, add.outputs, add.option(0, "b")) == ("ADD", (0, 1), (2,), 1)
    assert (conv.operation, conv.inputs, conv.option(2)) == ("CONV_2D", (2, 1, -1), 3)
    assert conv.option(4, default=1) == 1


@pytest.mark.parametrize("dtype", ["<f4", "<f2", "<i4", "<i8"])
def test_constant_of_each_kind_returns_the_value(dtype: str) -> None:
    value = np.arange(6).reshape(2, 3).astype(dtype)
    found = read_constant(value).value()
    np.testing.assert_array_equal(found, value)
    assert found.dtype == (np.float32 if value.dtype.kind == "f" else value.dtype)


@pytest.mark.parametrize("dtype", ["u1", "<u2", "<i4"])
def test_constant_in_sparse_rows_returns_the_dense_value(dtype: str) -> None:
    sparsity = sparse([dense(3), rows([0, 2, 2, 3], [0, 3, 1], dtype)])
    values = np.array([1, 2, 3], np.float16)
    found = read_constant(values, shape=(3, 4), sparsity=sparsity).value()
    np.testing.assert_array_equal(found, [[1, 0, 0, 2], [0, 0, 0, 0], [0, 3, 0, 0]])


def test_constant_sparse_in_its_first_dimension_returns_the_dense_value() -> None:
    sparsity = sparse([rows([0, 1], [2]), dense(2)])
    found = read_constant(np.array([5, 6], np.float32), shape=(3, 2), sparsity=sparsity).value()
    np.testing.assert_array_equal(found, [[0, 0], [0, 0], [5, 6]])


@pytest.mark.parametrize(
    "dimensions",
    [
        pytest.param([dense(3)], id="a dimension too few"),
        pytest.param([dense(3), rows([0, 2, 3], [0, 3, 1])], id="a row too few"),
        pytest.param([dense(3), rows([0, 2, 1, 3], [0, 3, 1])], id="rows that go back"),
        pytest.param([dense(3), rows([0, 2, 2, 9], [0, 3, 1])], id="rows past the indices"),
        pytest.param([dense(3), rows([1, 2, 2, 3], [0, 3, 1])], id="rows that start late"),
        pytest.param([dense(3), rows([0, 2, 2, 3], [0, 4, 1])], id="an index past the shape"),
        pytest.param([dense(3), rows([0, 2, 2, 3], [0, -1, 1], "<i4")], id="a negative index"),
        pytest.param([dense(3), rows([0, 1, 1, 2], [0, 1])], id="values left over"),
        pytest.param([dense(3), rows([], [])], id="no rows"),
        pytest.param([dense(3), {0: byte(1)}], id="no indices"),
        pytest.param([dense(3), dense(4)], id="values too few"),
    ],
)
def test_constant_of_sparse_rows_that_do_not_fit_raises_damaged(
    dimensions: list[dict[int, object]],
) -> None:
    values = np.array([1, 2, 3], np.float32)
    tensor = read_constant(values, shape=(3, 4), sparsity=sparse(dimensions))
    with pytest.raises(WeightsError) as caught:
        tensor.value()
    assert caught.value.reason == "WEIGHTS_DAMAGED"


def test_constant_sparse_in_blocks_raises_unsupported() -> None:
    sparsity = sparse([dense(3), rows([0, 1, 2, 3], [0, 1, 2])], order=(1, 0))
    tensor = read_constant(np.ones(3, np.float32), shape=(3, 4), sparsity=sparsity)
    with pytest.raises(WeightsError, match="another order of dimensions") as caught:
        tensor.value()
    assert caught.value.reason == "WEIGHTS_UNSUPPORTED"


def test_constant_of_quantized_values_raises_unsupported() -> None:
    tensor = read_constant(np.zeros(4, np.float32), kind=9)
    with pytest.raises(WeightsError, match="without integer quantization") as caught:
        tensor.value()
    assert caught.value.reason == "WEIGHTS_UNSUPPORTED"


def test_constant_of_another_size_raises_damaged() -> None:
    for shape in ((3,), (5,), (0,)):
        tensor = read_constant(np.zeros(4, np.float32), shape=shape)
        with pytest.raises(WeightsError, match="4 values for"):
            tensor.value()


def reads_later() -> bytes:
    net = Network(SHAPE)
    net.add("ADD", [net.image, 2], SHAPE)
    return net.content([net.add("RELU", [1], SHAPE)])


def huge_in_total() -> bytes:
    net = Network(SHAPE)
    for _ in range(3):
        net.constant(np.zeros(1, np.float32), shape=(tflite.MAX_ELEMENTS // 2,))
    return net.content([net.image])


def with_tensor(**fields: object) -> bytes:
    net = Network(SHAPE)
    named = {"name": "odd", "shape": (1,)} | fields
    net.tensor(**named)  # type: ignore[arg-type]
    return net.content([net.image])


def without_buffer(position: int) -> bytes:
    content = bytearray(Network(SHAPE).content([0]))
    struct.pack_into("<I", content, 0, position)
    return bytes(content)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        pytest.param(lambda: b"", "identifier", id="empty"),
        pytest.param(lambda: b"\7\0\0\0TFL3", "outside", id="nothing but the identifier"),
        pytest.param(lambda: write_tables({}), "no network", id="no network"),
        pytest.param(lambda: write_tables({2: [{}]}, b"ONNX"), "identifier", id="another format"),
        pytest.param(lambda: without_buffer(1 << 31), "outside", id="a root past the end"),
        pytest.param(reads_later, "not computed yet", id="an operator before its input"),
        pytest.param(lambda: Network(SHAPE).content([7]), "not there", id="no such output"),
        pytest.param(lambda: with_tensor(buffer=9), "buffer 9 of 1", id="no such buffer"),
        pytest.param(lambda: with_tensor(shape=(-1,)), "shape", id="negative size"),
        pytest.param(lambda: with_tensor(shape=(1 << 30, 1 << 30)), "shape", id="huge"),
        pytest.param(lambda: with_tensor(shape=(1,) * 100), "shape", id="hundred dimensions"),
        pytest.param(lambda: with_tensor(name="n" * 9999), "name of 9999", id="endless name"),
        pytest.param(lambda: with_tensor(name=b"\xff"), "UTF-8", id="name of other bytes"),
        pytest.param(huge_in_total, "larger than any", id="huge in total"),
    ],
)
def test_read_graph_malformed_raises_damaged(make: Callable[[], bytes], text: str) -> None:
    with pytest.raises(WeightsError, match=text) as caught:
        read_graph(make())
    assert caught.value.reason == "WEIGHTS_DAMAGED"


def test_read_graph_operator_without_code_raises_damaged() -> None:
    net = Network(SHAPE)
    last = net.add("RELU", [net.image], SHAPE)
    net.codes.clear()
    with pytest.raises(WeightsError, match="code 0 of 0"):
        read_graph(net.content([last]))


def test_read_graph_operator_of_many_inputs_raises_damaged() -> None:
    net = Network(SHAPE)
    last = net.add("CONCATENATION", [net.image] * 257, SHAPE)
    with pytest.raises(WeightsError, match="257 inputs"):
        read_graph(net.content([last]))


def test_table_lists_longer_than_any_networks_raise_damaged() -> None:
    tables: Mapping[int, object] = {0: numbers(range(70_000)), 1: [{}] * 70_000}
    root = Table.root(write_tables(tables), b"TFL3")
    with pytest.raises(WeightsError, match="70000 entries"):
        root.integers(0)
    with pytest.raises(WeightsError, match="70000 entries"):
        root.tables(1)
