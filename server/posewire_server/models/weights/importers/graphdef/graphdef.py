"""Reader of frozen TensorFlow GraphDefs: nodes, constants and attributes, without TensorFlow."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from graphlib import CycleError, TopologicalSorter
from typing import Final

import numpy as np
import numpy.typing as npt
from google.protobuf.message import DecodeError

from posewire_server.errors import LocalReason, WeightsError
from posewire_server.models.weights.importers.graphdef.graphdef_pb2 import (
    AttrValue,
    GraphDef,
    TensorProto,
)
from posewire_server.models.weights.importers.program.emitter import Array
from posewire_server.models.weights.importers.program.import_errors import unreadable

# The values of TensorFlow's DataType that inference graphs hold constants of.
DTYPES: Mapping[int, npt.DTypeLike] = {1: "<f4", 3: "<i4", 9: "<i8"}
MAX_ELEMENTS = 1 << 24
MAX_RANK = 8

_damaged: Final = partial(unreadable, "TensorFlow graph")


@dataclass(frozen=True)
class Node:
    """One operation of the graph: NodeDef of TensorFlow's node_def.proto.

    Attributes:
        name: Name of the node and of its first output.
        operation: For instance ``Conv2D``.
        value: The value of a ``Const`` node that is not among the attributes.
    """

    name: str
    operation: str
    inputs: tuple[str, ...]
    attributes: Mapping[str, AttrValue]
    value: Array | None = None

    def integers(self, name: str) -> list[int]:
        """Returns an attribute that is a list of integers; empty if it is absent."""
        return list(self._attribute(name).list.i)

    def texts(self, name: str) -> list[str]:
        """Returns an attribute that is a list of strings; empty if it is absent."""
        return [self._decode(value) for value in self._attribute(name).list.s]

    def text(self, name: str, default: str) -> str:
        """Returns an attribute that is a string."""
        return self._decode(self._attribute(name).s) or default

    def number(self, name: str, default: float) -> float:
        """Returns an attribute that is a number or, as 0 or 1, a truth value."""
        attribute = self._attribute(name)
        kind = attribute.WhichOneof("value")
        return getattr(attribute, kind) if kind in ("i", "f", "b") else default

    def shape(self, name: str) -> list[int]:
        """Returns an attribute that is a shape, -1 for sizes that are free; empty: unknown."""
        return [dimension.size for dimension in self._attribute(name).shape.dim]

    def constant(self) -> Array:
        """Returns the value of a ``Const`` node, of any rank."""
        if self.value is not None:
            return self.value
        return _read_tensor(self.name, self._attribute("value").tensor)

    def _attribute(self, name: str) -> AttrValue:
        return self.attributes.get(name, _ABSENT)

    def _decode(self, text: bytes) -> str:
        try:
            return text.decode()
        except UnicodeDecodeError as error:
            raise _damaged(f"a text of node {self.name!r} is not UTF-8") from error


_ABSENT: Final = AttrValue()


def read_graph(content: bytes) -> list[Node]:
    """Returns the nodes of a serialised GraphDef, each after the nodes it reads.

    Raises:
        WeightsError: WEIGHTS_DAMAGED if the bytes are not a GraphDef, or as ``read_nodes``.
    """
    try:
        graph = GraphDef.FromString(content)
    except DecodeError as error:
        raise _damaged("it is cut short or something else") from error
    return read_nodes(graph)


def read_nodes(graph: GraphDef, values: Mapping[str, Array] | None = None) -> list[Node]:
    """Returns the nodes of a graph, each after the nodes it reads.

    The values of ``Const`` nodes are by name; None if the graph holds them itself.

    Raises:
        WeightsError: WEIGHTS_DAMAGED if there are no nodes, one has no name or operation, a name
            is twice there, an input is missing, or the graph has a cycle.
    """
    nodes: dict[str, Node] = {}
    for each in graph.node:
        if not each.name or not each.op:
            raise _damaged(f"node {each.name!r} has no name or no operation")
        if each.name in nodes:
            raise _damaged(f"the name {each.name!r} appears twice")
        # A control input (^name) carries no value; name:0 is the first output of name.
        inputs = [name.removesuffix(":0") for name in each.input if not name.startswith("^")]
        value = None if values is None else values.get(each.name)
        if values is not None and each.op == "Const" and value is None:
            raise _damaged(f"the weights of {each.name!r} are not in the manifest")
        nodes[each.name] = Node(each.name, each.op, tuple(inputs), each.attr, value)
    if not nodes:
        raise _damaged("it has no nodes")
    for node in nodes.values():
        for name in node.inputs:
            if name not in nodes:
                raise _damaged(f"node {node.name!r} reads {name!r}, which is not there")
    order = TopologicalSorter({name: node.inputs for name, node in nodes.items()})
    try:
        return [nodes[name] for name in order.static_order()]
    except CycleError as error:
        raise _damaged("it has a cycle") from error


def _read_tensor(name: str, tensor: TensorProto) -> Array:
    kind = tensor.dtype
    if kind not in DTYPES:
        text = f"constant {name!r} has TensorFlow's data type {kind}; known: float32, int32, int64"
        raise WeightsError(LocalReason.WEIGHTS_UNSUPPORTED, text, node=name)
    shape = [dimension.size for dimension in tensor.tensor_shape.dim]
    count = math.prod(shape)
    if min(shape, default=0) < 0 or count > MAX_ELEMENTS or len(shape) > MAX_RANK:
        raise _damaged(f"constant {name!r} has the shape {shape}")
    dtype, content = np.dtype(DTYPES[kind]), tensor.tensor_content
    if content and len(content) != count * dtype.itemsize:
        raise _damaged(f"constant {name!r} has {len(content)} bytes for {count} elements")
    if content:
        return np.frombuffer(content, dtype).reshape(shape)
    fields: Mapping[int, Sequence[float]]
    fields = {1: tensor.float_val, 3: tensor.int_val, 9: tensor.int64_val}
    values = fields[kind]
    if len(values) not in (1, count):
        raise _damaged(f"constant {name!r} has {len(values)} values for {count} elements")
    return np.broadcast_to(np.array(values, dtype), count).reshape(shape)
