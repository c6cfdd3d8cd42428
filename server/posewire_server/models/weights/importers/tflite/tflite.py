"""Reader of TensorFlow Lite files: tensors, constants and operations.

Half-precision constants become float32 and sparse ones dense. Field numbers are those of
TensorFlow Lite's schema.fbs, version 3.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt

from posewire_server.errors import LocalReason, WeightsError
from posewire_server.models.weights.importers.program.emitter import Array
from posewire_server.models.weights.importers.program.import_errors import unreadable
from posewire_server.models.weights.importers.tflite.flatbuffer import Table

# The values of TensorType that inference graphs hold constants of.
DTYPES: Final[Mapping[int, npt.DTypeLike]] = {0: "<f4", 1: "<f2", 2: "<i4", 4: "<i8"}
OPERATIONS: Final[Mapping[int, str]] = {
    0: "ADD",
    1: "AVERAGE_POOL_2D",
    2: "CONCATENATION",
    3: "CONV_2D",
    4: "DEPTHWISE_CONV_2D",
    5: "DEPTH_TO_SPACE",
    6: "DEQUANTIZE",
    9: "FULLY_CONNECTED",
    14: "LOGISTIC",
    17: "MAX_POOL_2D",
    18: "MUL",
    19: "RELU",
    21: "RELU6",
    22: "RESHAPE",
    23: "RESIZE_BILINEAR",
    28: "TANH",
    34: "PAD",
    40: "MEAN",
    54: "PRELU",
    67: "TRANSPOSE_CONV",
    124: "DENSIFY",
}
CUSTOM: Final = 32
MAX_ELEMENTS: Final = 1 << 25  # of one tensor, and of all constants together
MAX_RANK: Final = 8
MAX_INPUTS: Final = 256  # of one operation

damaged: Final = partial(unreadable, "TensorFlow Lite file")


@dataclass(frozen=True)
class Tensor:
    """One tensor: Tensor of the schema.

    Attributes:
        name: Not always unique.
        shape: As it is stored, batch first if there is one.
        kind: TensorType.
        content: The bytes of a constant; empty for what is computed.
        sparsity: How the bytes of a sparse constant are spread; None for a dense one.
    """

    name: str
    shape: tuple[int, ...]
    kind: int
    content: memoryview
    sparsity: Table | None

    @property
    def is_constant(self) -> bool:
        """True if it has a value of its own."""
        return len(self.content) > 0

    def value(self) -> Array:
        """Returns the value of a constant; float32 for any kind of float.

        Raises:
            WeightsError: WEIGHTS_DAMAGED if the bytes do not fit the shape; WEIGHTS_UNSUPPORTED
                if it is of a kind other than float32, float16, int32 and int64.
        """
        if self.kind not in DTYPES:
            text = (
                f"constant {self.name!r} has TensorFlow Lite's type {self.kind}; known: float32, "
                "float16, int32, int64. Convert the network without integer quantization"
            )
            raise WeightsError(LocalReason.WEIGHTS_UNSUPPORTED, text, node=self.name)
        dtype = np.dtype(DTYPES[self.kind])
        if len(self.content) % dtype.itemsize:
            raise damaged(f"constant {self.name!r} has {len(self.content)} bytes")
        values = np.frombuffer(self.content, dtype)
        if self.sparsity is not None:
            values = _spread(self, values, self.sparsity)
        if len(values) != math.prod(self.shape):
            raise damaged(f"constant {self.name!r} has {len(values)} values for {self.shape}")
        return values.reshape(self.shape).astype(np.float32 if dtype.kind == "f" else dtype)


@dataclass(frozen=True)
class Operator:
    """One operation: Operator of the schema.

    Attributes:
        operation: Its name in the schema's BuiltinOperator; a number for one not known here.
        inputs, outputs: Positions in the graph's tensors; -1 for one left out.
    """

    operation: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Table | None

    def option(self, field: int, form: str = "i", default: int = 0) -> int:
        """Returns an option that is a number."""
        return default if self.options is None else self.options.integer(field, form, default)


@dataclass(frozen=True)
class Graph:
    """The first subgraph of a file; each operator comes after those whose outputs it reads.

    Attributes:
        inputs, outputs: Positions in the tensors.
    """

    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


def read_graph(content: bytes) -> Graph:
    """Returns the network of a TensorFlow Lite file.

    Raises:
        WeightsError: WEIGHTS_DAMAGED if the bytes are another format, or an operation reads a
            tensor that is not computed yet.
    """
    model = Table.root(content, b"TFL3")
    subgraphs = model.tables(2)
    if not subgraphs:
        raise damaged("it has no network")
    subgraph = subgraphs[0]
    buffers = [buffer.content(0) for buffer in model.tables(4)]
    tensors = tuple(_read_tensor(table, buffers) for table in subgraph.tables(0))
    if sum(math.prod(t.shape) for t in tensors if t.is_constant) > MAX_ELEMENTS:
        raise damaged("its constants are larger than any network's")
    names = [_read_operation(table) for table in model.tables(1)]
    operators = tuple(_read_operator(table, names) for table in subgraph.tables(3))
    graph = Graph(tensors, operators, subgraph.integers(1), subgraph.integers(2))
    _check_order(graph)
    return graph


def _read_tensor(table: Table, buffers: list[memoryview]) -> Tensor:
    name, shape = table.text(3), table.integers(0)
    if len(shape) > MAX_RANK or min(shape, default=0) < 0 or math.prod(shape) > MAX_ELEMENTS:
        raise damaged(f"tensor {name!r} has the shape {shape}")
    number = table.integer(2, "I")
    if number >= len(buffers):
        raise damaged(f"tensor {name!r} has buffer {number} of {len(buffers)}")
    return Tensor(name, shape, table.integer(1, "b"), buffers[number], table.table(6))


def _read_operation(table: Table) -> str:
    code = max(table.integer(0, "b"), table.integer(3))
    return table.text(1) if code == CUSTOM else OPERATIONS.get(code, f"BuiltinOperator {code}")


def _read_operator(table: Table, names: list[str]) -> Operator:
    number = table.integer(0, "I")
    if number >= len(names):
        raise damaged(f"an operation has the code {number} of {len(names)}")
    inputs, outputs = table.integers(1), table.integers(2)
    if len(inputs) > MAX_INPUTS or not 0 < len(outputs) <= MAX_INPUTS:
        raise damaged(f"an operation has {len(inputs)} inputs and {len(outputs)} outputs")
    return Operator(names[number], inputs, outputs, table.table(4))


def _check_order(graph: Graph) -> None:
    """Raises if a number names no tensor, or an operator reads what is computed later."""
    ready = {i for i, tensor in enumerate(graph.tensors) if tensor.is_constant}
    ready.update(graph.inputs, (-1,))
    for operator in graph.operators:
        if not ready.issuperset(operator.inputs):
            raise damaged(f"an operation {operator.operation} reads what is not computed yet")
        ready.update(operator.outputs)
    if not ready.issuperset(graph.outputs) or not ready.issubset(range(-1, len(graph.tensors))):
        raise damaged("it names a tensor that is not there")


def _spread(tensor: Tensor, values: Array, sparsity: Table) -> Array:
    """Returns all values of a sparse tensor, in the order of its dense shape.

    Each dimension is either dense or lists, for every place of the dimensions before it, the
    indices that are stored (compressed sparse rows). Blocks are not known here.
    """
    dimensions = sparsity.tables(2)
    order = sparsity.integers(0)
    if sparsity.integers(1) or order != tuple(range(len(tensor.shape))):
        text = f"constant {tensor.name!r} is sparse in blocks or in another order of dimensions"
        raise WeightsError(LocalReason.WEIGHTS_UNSUPPORTED, text, node=tensor.name)
    if len(dimensions) != len(tensor.shape):
        raise damaged(f"constant {tensor.name!r} has {len(dimensions)} sparse dimensions")
    places = np.zeros(1, np.int64)
    for dimension, size in zip(dimensions, tensor.shape, strict=True):
        places = _descend(tensor, dimension, places, size)
    if len(places) != len(values):
        raise damaged(f"constant {tensor.name!r} has {len(values)} values for {len(places)}")
    dense = np.zeros(math.prod(tensor.shape), values.dtype)
    dense[places] = values
    return dense


def _descend(
    tensor: Tensor, dimension: Table, places: npt.NDArray[np.int64], size: int
) -> npt.NDArray[np.int64]:
    """Returns the places, row by row, that one more dimension makes of those before it."""
    if dimension.integer(0, "b") == 0:
        if len(places) * size > MAX_ELEMENTS:
            raise damaged(f"constant {tensor.name!r} is larger than any network's")
        return (places[:, None] * size + np.arange(size)).reshape(-1)
    segments, indices = _indices(dimension, 2), _indices(dimension, 4)
    counts = np.diff(segments)
    fits = len(counts) == len(places) and (counts >= 0).all() and segments[0] == 0
    if not fits or segments[-1] != len(indices) or (indices >= size).any() or (indices < 0).any():
        raise damaged(f"the sparse rows of constant {tensor.name!r} do not fit its shape")
    return np.repeat(places, counts) * size + indices


def _indices(dimension: Table, field: int) -> npt.NDArray[np.int64]:
    kind, vector = dimension.integer(field, "B"), dimension.table(field + 1)
    dtypes: Mapping[int, npt.DTypeLike] = {1: "<i4", 2: "<u2", 3: "u1"}
    if vector is None or kind not in dtypes:
        raise damaged("sparse rows without indices")
    return vector.numbers(0, dtypes[kind]).astype(np.int64)
