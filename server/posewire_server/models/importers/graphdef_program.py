"""Translates a TensorFlow graph into a Paddle program.

TensorFlow's tensors are (N, H, W, C); the program's are (N, C, H, W), with N, H and W free.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal, cast

import numpy as np
import numpy.typing as npt

from posewire_server.models.importers.emitter import Emitter
from posewire_server.models.importers.faults import (
    choose_outputs,
    naming,
    only,
    unknown_operation,
    unsupported,
)
from posewire_server.models.importers.graphdef import GraphNode, read_graph
from posewire_server.models.importers.source import find_file
from posewire_server.models.importers.tfjs import read_graph_model

# The axis of (N, C, H, W) for each axis of (N, H, W, C).
_AXES: Final = {0: 0, 1: 2, 2: 3, 3: 1, -1: 1, -2: 3, -3: 2, -4: 0}

Array = npt.NDArray[np.generic]
Operation = Callable[[Emitter, GraphNode, list[Any]], Any]


def translate(folder: Path, emitter: Emitter, outputs: Sequence[str]) -> list[Any]:
    """Emits the one GraphDef (.pb) of a folder and returns its outputs.

    Raises:
        WeightsError: WEIGHTS_DAMAGED or WEIGHTS_UNSUPPORTED.
    """
    return translate_nodes(read_graph(find_file(folder, ".pb").read_bytes()), emitter, outputs)


def translate_graph_model(folder: Path, emitter: Emitter, outputs: Sequence[str]) -> list[Any]:
    """Emits the one TensorFlow.js graph model of a folder and returns its outputs.

    Raises:
        WeightsError: WEIGHTS_DAMAGED or WEIGHTS_UNSUPPORTED.
    """
    return translate_nodes(read_graph_model(folder), emitter, outputs)


def translate_nodes(
    nodes: Sequence[GraphNode], emitter: Emitter, outputs: Sequence[str]
) -> list[Any]:
    """Emits the nodes that the outputs need, each after the nodes it reads.

    Args:
        nodes: A graph, in the order of ``read_graph``.
        emitter: The program under construction.
        outputs: Names of nodes; none means the only node that no other reads.

    Raises:
        WeightsError: WEIGHTS_UNSUPPORTED or, where a constant is not readable, WEIGHTS_DAMAGED.
    """
    read = {name for node in nodes for name in node.inputs}
    ends = [node.name for node in nodes if node.name not in read]
    names = choose_outputs(outputs, ends, (node.name for node in nodes))
    needed = _needed(nodes, names)
    check_operations(needed)
    only("input", [node.name for node in needed if node.operation == "Placeholder"])
    values: dict[str, Any] = {}
    for node in needed:
        inputs = [values[name] for name in node.inputs]
        with naming(node.name):
            values[node.name] = _OPERATIONS[node.operation](emitter, node, inputs)
    return [values[name] for name in names]


def check_operations(nodes: Sequence[GraphNode]) -> None:
    """Raises WeightsError, WEIGHTS_UNSUPPORTED, where a node cannot be translated."""
    for node in nodes:
        if node.operation not in _OPERATIONS:
            raise unknown_operation(node.name, node.operation, _OPERATIONS)


def _needed(nodes: Sequence[GraphNode], outputs: Sequence[str]) -> list[GraphNode]:
    """Returns the nodes without which the outputs cannot be computed, in the same order."""
    names = set(outputs)
    for node in reversed(nodes):
        if node.name in names:
            names.update(node.inputs)
    return [node for node in nodes if node.name in names]


def _placeholder(emitter: Emitter, _node: GraphNode, _inputs: list[Any]) -> Any:
    return emitter.input((3, -1, -1))


def _constant(_emitter: Emitter, node: GraphNode, _inputs: list[Any]) -> Array:
    return node.constant()


def _identity(_emitter: Emitter, _node: GraphNode, inputs: list[Any]) -> Any:
    return inputs[0]


def _conv2d(emitter: Emitter, node: GraphNode, inputs: list[Any]) -> Any:
    """Filters (h, w, in, out) become (out, in, h, w)."""
    x, filters = inputs
    return _convolve(emitter, node, x, filters.transpose(3, 2, 0, 1), groups=1)


def _depthwise_conv2d(emitter: Emitter, node: GraphNode, inputs: list[Any]) -> Any:
    """Filters (h, w, channels, multiplier) become (channels * multiplier, 1, h, w)."""
    x, filters = inputs
    height, width, channels, multiplier = filters.shape
    shape = (channels * multiplier, 1, height, width)
    filters = filters.transpose(2, 3, 0, 1).reshape(shape)
    return _convolve(emitter, node, x, filters, groups=channels)


def _convolve(emitter: Emitter, node: GraphNode, x: Any, filters: Array, groups: int) -> Any:
    strides, dilations = _spatial(node, "strides"), _spatial(node, "dilations")
    return emitter.conv2d(
        x,
        filters,
        strides=strides,
        padding=_padding(node),
        dilations=dilations,
        groups=groups,
    )


def _bias_add(emitter: Emitter, _node: GraphNode, inputs: list[Any]) -> Any:
    return emitter.add_bias(*inputs)


def _relu(emitter: Emitter, _node: GraphNode, inputs: list[Any]) -> Any:
    return emitter.relu(inputs[0])


def _relu6(emitter: Emitter, _node: GraphNode, inputs: list[Any]) -> Any:
    return emitter.relu6(inputs[0])


def _add(emitter: Emitter, _node: GraphNode, inputs: list[Any]) -> Any:
    return emitter.add(*inputs)


def _concat(emitter: Emitter, _node: GraphNode, inputs: list[Any]) -> Any:
    """The last input is the axis."""
    return emitter.concat(inputs[:-1], axis=_AXES[int(inputs[-1])])


def _max_pool(emitter: Emitter, node: GraphNode, inputs: list[Any]) -> Any:
    size, strides = _spatial(node, "ksize"), _spatial(node, "strides")
    return emitter.max_pool(inputs[0], size, strides, _padding(node))


def _fused(convolve: Operation, emitter: Emitter, node: GraphNode, inputs: list[Any]) -> Any:
    """A convolution and the operations that ``fused_ops`` names; BiasAdd takes the third input."""
    y = convolve(emitter, node, inputs[:2])
    fused = node.texts("fused_ops")
    if set(fused) - _FUSIBLE or len(inputs) != 2 + fused.count("BiasAdd"):
        text = f"{len(inputs)} inputs and the fused operations {fused}"
        raise unsupported(node.name, f"{text}; known are {', '.join(sorted(_FUSIBLE))}")
    for name in fused:
        y = _OPERATIONS[name](emitter, node, [y, *inputs[2:]])
    return y


_FUSIBLE: Final = {"BiasAdd", "Relu", "Relu6"}
_OPERATIONS: Final[Mapping[str, Operation]] = {
    "AddV2": _add,
    "BiasAdd": _bias_add,
    "ConcatV2": _concat,
    "Const": _constant,
    "Conv2D": _conv2d,
    "DepthwiseConv2dNative": _depthwise_conv2d,
    "FusedDepthwiseConv2dNative": partial(_fused, _depthwise_conv2d),
    "Identity": _identity,
    "MaxPool": _max_pool,
    "Placeholder": _placeholder,
    "Relu": _relu,
    "Relu6": _relu6,
    "_FusedConv2D": partial(_fused, _conv2d),
    "_FusedDepthwiseConv2dNative": partial(_fused, _depthwise_conv2d),
}


def _spatial(node: GraphNode, name: str) -> list[int]:
    """Returns the height and width of an attribute over (N, H, W, C)."""
    values = node.integers(name) or [1, 1, 1, 1]
    if len(values) != 4 or values[0] != 1 or values[3] != 1:
        text = f"{name} {values}; only height and width may differ from 1"
        raise unsupported(node.name, text)
    return values[1:3]


def _padding(node: GraphNode) -> Literal["SAME", "VALID"]:
    padding = node.text("padding", "")
    if padding not in ("SAME", "VALID") or node.text("data_format", "NHWC") != "NHWC":
        text = "a padding other than SAME and VALID, or a layout other than NHWC"
        raise unsupported(node.name, text)
    return cast("Literal['SAME', 'VALID']", padding)
