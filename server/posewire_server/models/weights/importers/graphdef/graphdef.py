"""Reads a frozen TensorFlow GraphDef: nodes, constants and attributes, without TensorFlow."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Final, Protocol, TypeVar

import numpy as np
import numpy.typing as npt
from google.protobuf.message import DecodeError

from posewire_server.errors import LocalReason, WeightsError
from posewire_server.models.weights.importers.graphdef.graphdef_pb2 import (
    AttrValue,
    GraphDef,
    NodeDef,
    TensorProto,
)

# The values of TensorFlow's DataType that inference graphs hold constants of.
DTYPES: Mapping[int, npt.DTypeLike] = {1: "<f4", 3: "<i4", 9: "<i8"}
MAX_ELEMENTS = 1 << 24
MAX_RANK = 8


class GraphNode(Protocol):
    """One operation of a TensorFlow graph, whatever format it was read from."""

    @property
    def name(self) -> str:
        """Of the node and of its first output."""

    @property
    def operation(self) -> str:
        """For instance ``Conv2D``."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the nodes it reads."""

    def integers(self, name: str) -> list[int]:
        """Returns an attribute that is a list of integers; empty if it is absent."""

    def texts(self, name: str) -> list[str]:
        """Returns an attribute that is a list of strings; empty if it is absent."""

    def text(self, name: str, default: str) -> str:
        """Returns an attribute that is a string."""

    def number(self, name: str, default: float) -> float:
        """Returns an attribute that is a number or, as 0 or 1, a truth value."""

    def shape(self, name: str) -> list[int]:
        """Returns an attribute that is a shape, -1 for sizes that are free; empty: unknown."""

    def constant(self) -> npt.NDArray[np.generic]:
        """Returns the value of a ``Const`` node, of any rank."""


AnyNode = TypeVar("AnyNode", bound=GraphNode)


@dataclass(frozen=True)
class Node:
    """One operation of the graph: NodeDef of TensorFlow's node_def.proto."""

    name: str
    operation: str
    inputs: tuple[str, ...]
    attributes: Mapping[str, AttrValue]

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

    def constant(self) -> npt.NDArray[np.generic]:
        """Returns the value of a ``Const`` node, of any rank."""
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
        WeightsError: WEIGHTS_DAMAGED if the bytes are not a GraphDef, a name is twice there, an
            input is missing, or the graph has a cycle.
    """
    try:
        graph = GraphDef.FromString(content)
    except DecodeError as error:
        raise _damaged("it is cut short or something else") from error
    return sort_nodes(_read_node(node) for node in graph.node)


def sort_nodes(nodes: Iterable[AnyNode]) -> list[AnyNode]:
    """Returns the nodes of a graph, each after the nodes it reads.

    Raises:
        WeightsError: WEIGHTS_DAMAGED if there are none, a name is twice there, an input is
            missing, or the graph has a cycle.
    """
    by_name: dict[str, AnyNode] = {}
    for node in nodes:
        if node.name in by_name:
            raise _damaged(f"the name {node.name!r} appears twice")
        by_name[node.name] = node
    if not by_name:
        raise _damaged("it has no nodes")
    return [by_name[name] for name in _order(by_name)]


def _read_node(node: NodeDef) -> Node:
    # A control input (^name) carries no value; name:0 is the first output of name.
    inputs = [name.removesuffix(":0") for name in node.input if not name.startswith("^")]
    return Node(node.name, node.op, tuple(inputs), node.attr)


def _order(nodes: Mapping[str, AnyNode]) -> list[str]:
    for node in nodes.values():
        for name in node.inputs:
            if name not in nodes:
                raise _damaged(f"node {node.name!r} reads {name!r}, which is not there")
    try:
        return list(TopologicalSorter({n.name: n.inputs for n in nodes.values()}).static_order())
    except CycleError as error:
        raise _damaged("it has a cycle") from error


def _read_tensor(name: str, tensor: TensorProto) -> npt.NDArray[np.generic]:
    kind = tensor.dtype
    if kind not in DTYPES:
        text = f"constant {name!r} has TensorFlow's data type {kind}; known: float32, int32, int64"
        raise WeightsError(LocalReason.WEIGHTS_UNSUPPORTED, text, node=name)
    shape = [dimension.size for dimension in tensor.tensor_shape.dim]
    count = math.prod(shape)
    if any(size < 0 for size in shape) or count > MAX_ELEMENTS or len(shape) > MAX_RANK:
        raise _damaged(f"constant {name!r} has the shape {shape}")
    return _read_values(name, tensor, kind, count).reshape(shape)


def _read_values(name: str, tensor: TensorProto, kind: int, count: int) -> npt.NDArray[np.generic]:
    dtype = np.dtype(DTYPES[kind])
    content = tensor.tensor_content
    if content:
        if len(content) != count * dtype.itemsize:
            raise _damaged(f"constant {name!r} has {len(content)} bytes for {count} elements")
        return np.frombuffer(content, dtype)
    fields: Mapping[int, Sequence[float]]
    fields = {1: tensor.float_val, 3: tensor.int_val, 9: tensor.int64_val}
    values = fields[kind]
    if len(values) not in (1, count):
        raise _damaged(f"constant {name!r} has {len(values)} values for {count} elements")
    return np.broadcast_to(np.array(values, dtype), count)


def _damaged(what: str) -> WeightsError:
    return WeightsError(LocalReason.WEIGHTS_DAMAGED, f"not a readable TensorFlow graph: {what}")
