"""Reads a frozen TensorFlow GraphDef: nodes, constants and attributes, without TensorFlow."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from posewire_server.errors import LocalReason, WeightsError
from posewire_server.models.weights.importers.program.wire import Message

# The values of TensorFlow's DataType that inference graphs hold constants of.
DTYPES: Mapping[int, npt.DTypeLike] = {1: "<f4", 3: "<i4", 9: "<i8"}
VALUE_FIELDS: Mapping[int, int] = {1: 5, 3: 7, 9: 10}
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
        """Returns an attribute that is a list of integers; empty where it is absent."""

    def texts(self, name: str) -> list[str]:
        """Returns an attribute that is a list of strings; empty where it is absent."""

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
    attributes: Mapping[str, Message]

    def integers(self, name: str) -> list[int]:
        """Returns an attribute that is a list of integers; empty where it is absent."""
        return self._attribute(name).message(1).integers(3)

    def texts(self, name: str) -> list[str]:
        """Returns an attribute that is a list of strings; empty where it is absent."""
        return self._attribute(name).message(1).texts(2)

    def text(self, name: str, default: str) -> str:
        """Returns an attribute that is a string."""
        return self._attribute(name).text(2) or default

    def number(self, name: str, default: float) -> float:
        """Returns an attribute that is a number or, as 0 or 1, a truth value."""
        attribute = self._attribute(name)
        found = [*attribute.integers(3), *attribute.integers(5), *attribute.floats(4)]
        return found[-1] if found else default

    def shape(self, name: str) -> list[int]:
        """Returns an attribute that is a shape, -1 for sizes that are free; empty: unknown."""
        dimensions = self._attribute(name).message(7).messages(2)
        return [dimension.integer(1) for dimension in dimensions]

    def constant(self) -> npt.NDArray[np.generic]:
        """Returns the value of a ``Const`` node, of any rank."""
        return _read_tensor(self.name, self._attribute("value").message(8))

    def _attribute(self, name: str) -> Message:
        return self.attributes.get(name, Message(b""))


def read_graph(content: bytes) -> list[Node]:
    """Returns the nodes of a serialised GraphDef, each after the nodes it reads.

    Raises:
        WeightsError: WEIGHTS_DAMAGED where the bytes are not a GraphDef, a name is twice there, an
            input is missing, or the graph has a cycle.
    """
    return sort_nodes(_read_node(message) for message in Message(content).messages(1))


def sort_nodes(nodes: Iterable[AnyNode]) -> list[AnyNode]:
    """Returns the nodes of a graph, each after the nodes it reads.

    Raises:
        WeightsError: WEIGHTS_DAMAGED where there are none, a name is twice there, an input is
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


def _read_node(message: Message) -> Node:
    # A control input (^name) carries no value; name:0 is the first output of name.
    inputs = [text.removesuffix(":0") for text in message.texts(3) if not text.startswith("^")]
    attributes = {entry.text(1): entry.message(2) for entry in message.messages(5)}
    return Node(message.text(1), message.text(2), tuple(inputs), attributes)


def _order(nodes: Mapping[str, AnyNode]) -> list[str]:
    for node in nodes.values():
        for name in node.inputs:
            if name not in nodes:
                raise _damaged(f"node {node.name!r} reads {name!r}, which is not there")
    try:
        return list(TopologicalSorter({n.name: n.inputs for n in nodes.values()}).static_order())
    except CycleError as error:
        raise _damaged("it has a cycle") from error


def _read_tensor(name: str, tensor: Message) -> npt.NDArray[np.generic]:
    kind = tensor.integer(1)
    if kind not in DTYPES:
        text = f"constant {name!r} has TensorFlow's data type {kind}; known: float32, int32, int64"
        raise WeightsError(LocalReason.WEIGHTS_UNSUPPORTED, text, node=name)
    shape = [dimension.integer(1) for dimension in tensor.message(2).messages(2)]
    count = math.prod(shape)
    if any(size < 0 for size in shape) or count > MAX_ELEMENTS or len(shape) > MAX_RANK:
        raise _damaged(f"constant {name!r} has the shape {shape}")
    return _read_values(name, tensor, kind, count).reshape(shape)


def _read_values(name: str, tensor: Message, kind: int, count: int) -> npt.NDArray[np.generic]:
    dtype = np.dtype(DTYPES[kind])
    parts = tensor.content(4)
    if parts and len(parts[-1]):
        if len(parts[-1]) != count * dtype.itemsize:
            raise _damaged(f"constant {name!r} has {len(parts[-1])} bytes for {count} elements")
        return np.frombuffer(parts[-1], dtype)
    field = VALUE_FIELDS[kind]
    values = tensor.floats(field) if kind == 1 else tensor.integers(field)
    if len(values) not in (1, count):
        raise _damaged(f"constant {name!r} has {len(values)} values for {count} elements")
    return np.broadcast_to(np.array(values, dtype), count)


def _damaged(what: str) -> WeightsError:
    return WeightsError(LocalReason.WEIGHTS_DAMAGED, f"not a readable TensorFlow graph: {what}")
