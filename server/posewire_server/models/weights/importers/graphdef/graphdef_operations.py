"""The operations of TensorFlow, each as the calls of the emitter that compute the same.

Maps are (N, C, H, W), TensorFlow's are (N, H, W, C). Constants, and what is computed from
constants and shapes alone, are NumPy arrays in TensorFlow's order; -1 is a size that is free.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, Literal, cast

import numpy as np

from posewire_server.models.weights.importers.graphdef.graphdef import Node
from posewire_server.models.weights.importers.program.emitter import Array, Emitter
from posewire_server.models.weights.importers.program.import_errors import unsupported

MAPS: Final = 4  # the rank of maps
# The axis of (N, C, H, W) for each axis of (N, H, W, C).
_AXES: Final = {0: 0, 1: 2, 2: 3, 3: 1, -1: 1, -2: 3, -3: 2, -4: 0}

Operation = Callable[[Emitter, Node, list[Any]], Any]


def _placeholder(emitter: Emitter, node: Node, _inputs: list[Any]) -> Any:
    """An image (N, H, W, C); three channels of any size if the graph does not say."""
    _, height, width, channels = node.shape("shape") or (-1, -1, -1, -1)
    return emitter.input((channels if channels > 0 else 3, height or -1, width or -1))


def _conv2d(emitter: Emitter, node: Node, inputs: list[Any]) -> Any:
    """Filters (h, w, in, out) become (out, in, h, w)."""
    x, filters = inputs
    return _convolve(emitter, node, x, filters.transpose(3, 2, 0, 1), groups=1)


def _depthwise_conv2d(emitter: Emitter, node: Node, inputs: list[Any]) -> Any:
    """Filters (h, w, channels, multiplier) become (channels * multiplier, 1, h, w)."""
    x, filters = inputs
    height, width, channels, _ = filters.shape
    filters = filters.transpose(2, 3, 0, 1).reshape(-1, 1, height, width)
    return _convolve(emitter, node, x, filters, groups=channels)


def _convolve(emitter: Emitter, node: Node, x: Any, filters: Array, groups: int) -> Any:
    return emitter.conv2d(
        x,
        filters,
        strides=_spatial(node, "strides"),
        padding=_padding(node),
        dilations=_spatial(node, "dilations"),
        groups=groups,
    )


def _add(emitter: Emitter, _node: Node, inputs: list[Any]) -> Any:
    x, y = _operands(emitter, inputs)
    return x + y


def _multiply(emitter: Emitter, _node: Node, inputs: list[Any]) -> Any:
    x, y = inputs
    if isinstance(x, np.ndarray) and isinstance(y, np.ndarray):  # Of shapes.
        return np.asarray(x * y)
    x, y = _operands(emitter, inputs)
    return x * y


def _operands(emitter: Emitter, inputs: Sequence[Any]) -> list[Any]:
    """Returns variables; constants beside maps in the order of maps."""
    is_maps = any(len(value.shape) == MAPS for value in inputs)
    operands = []
    for value in inputs:
        if isinstance(value, np.ndarray):
            if is_maps:
                value = np.expand_dims(value, tuple(range(MAPS - value.ndim))).transpose(0, 3, 1, 2)
            value = emitter.parameter(value)
        operands.append(value)
    return operands


def _batch_norm(emitter: Emitter, node: Node, inputs: list[Any]) -> Any:
    """For inference: a factor and a bias for each channel."""
    x, gamma, beta, mean, variance = inputs
    if node.number("is_training", 1) or node.text("data_format", "NHWC") != "NHWC":
        raise unsupported(node.name, "a normalisation by the batch itself, or of another layout")
    factor = gamma / np.sqrt(variance + np.float32(node.number("epsilon", 1e-4)))
    y = x * emitter.parameter(factor.reshape(1, -1, 1, 1))
    return emitter.add_bias(y, beta - mean * factor)


def _pool(emitter: Emitter, node: Node, inputs: list[Any]) -> Any:
    pool = emitter.max_pool if node.operation == "MaxPool" else emitter.average_pool
    return pool(inputs[0], _spatial(node, "ksize"), _spatial(node, "strides"), _padding(node))


def _mean(emitter: Emitter, node: Node, inputs: list[Any]) -> Any:
    """Over height and width, in which the order of what is left does not change."""
    x, axes = inputs
    if len(x.shape) != MAPS or sorted(axis % MAPS for axis in axes.reshape(-1).tolist()) != [1, 2]:
        raise unsupported(node.name, f"a mean over {axes}; only height and width are known")
    y = emitter.mean(x)
    return y if node.number("keep_dims", 0) else emitter.reshape(y, (-1, x.shape[1]))


def _transposed(emitter: Emitter, node: Node, inputs: list[Any]) -> Any:
    """Filters (h, w, out, in) become (in, out, h, w); maps grow by the strides exactly."""
    shape, filters, x = inputs
    strides = _spatial(node, "strides")
    spare = [size - stride for size, stride in zip(filters.shape[:2], strides, strict=True)]
    for out, length, stride in zip(shape[1:3], x.shape[2:], strides, strict=True):
        if _padding(node) != "SAME" or (length > 0 and out != length * stride):
            text = f"an output of {shape} for {x.shape} with strides {strides}"
            raise unsupported(node.name, text)
    if min(spare) < 0:
        raise unsupported(node.name, f"filters {filters.shape} smaller than strides {strides}")
    edges = [edge for pixels in spare for edge in (pixels // 2, pixels - pixels // 2)]
    filters = filters.transpose(3, 2, 0, 1)
    return emitter.conv2d_transpose(x, filters, strides=strides, padding=edges)


def _shape(_emitter: Emitter, _node: Node, inputs: list[Any]) -> Array:
    shape = inputs[0].shape
    if not isinstance(inputs[0], np.ndarray) and len(shape) == MAPS:
        shape = [shape[axis] for axis in (0, 2, 3, 1)]
    return np.array(shape, np.int64)


def _slice(_emitter: Emitter, node: Node, inputs: list[Any]) -> Array:
    """One number of a shape."""
    shape, begin, *_ = inputs
    is_plain = not any(node.number(f"{name}_mask", 0) for name in ("ellipsis", "new_axis", "begin"))
    if not isinstance(shape, np.ndarray) or not is_plain or not node.number("shrink_axis_mask", 0):
        raise unsupported(node.name, "a slice of something else than one number of a shape")
    return np.array(shape[int(begin.reshape(-1)[0])])


def _pack(_emitter: Emitter, node: Node, inputs: list[Any]) -> Array:
    """Numbers make a shape."""
    if not all(isinstance(value, np.ndarray) and value.ndim == 0 for value in inputs):
        raise unsupported(node.name, "something else to pack than numbers of a shape")
    return np.array([int(value) for value in inputs], np.int64)


def _reshape(emitter: Emitter, node: Node, inputs: list[Any]) -> Any:
    """Between (N, C) and maps of one pixel, in which the order of numbers does not change."""
    x, target = inputs
    shape = [int(size) for size in target]
    if len(x.shape) == 2 and shape[1:3] == [1, 1] and shape[3:] in ([x.shape[1]], [-1]):
        return emitter.reshape(x, (-1, x.shape[1], 1, 1))
    if len(x.shape) == MAPS and tuple(x.shape[2:]) == (1, 1) and shape[1:] in ([x.shape[1]], [-1]):
        return emitter.reshape(x, (-1, x.shape[1]))
    raise unsupported(node.name, f"a change of {tuple(x.shape)} (channels first) to {shape}")


def _fused(convolve: Operation, emitter: Emitter, node: Node, inputs: list[Any]) -> Any:
    """A convolution and the operations that ``fused_ops`` names; BiasAdd takes the third input."""
    y = convolve(emitter, node, inputs[:2])
    fused = node.texts("fused_ops")
    if set(fused) - _FUSIBLE or len(inputs) != 2 + fused.count("BiasAdd"):
        text = f"{len(inputs)} inputs and the fused operations {fused}"
        raise unsupported(node.name, f"{text}; known are {', '.join(sorted(_FUSIBLE))}")
    for name in fused:
        y = OPERATIONS[name](emitter, node, [y, *inputs[2:]])
    return y


_FUSIBLE: Final = {"BiasAdd", "Relu", "Relu6"}
OPERATIONS: Final[Mapping[str, Operation]] = {
    "Add": _add,
    "AddV2": _add,
    "AvgPool": _pool,
    "BiasAdd": lambda emitter, _, inputs: emitter.add_bias(*inputs),
    "ConcatV2": lambda emitter, _, inputs: emitter.concat(inputs[:-1], _AXES[int(inputs[-1])]),
    "Const": lambda _, node, __: node.constant(),
    "Conv2D": _conv2d,
    "Conv2DBackpropInput": _transposed,
    "DepthwiseConv2dNative": _depthwise_conv2d,
    "FusedBatchNorm": _batch_norm,
    "FusedBatchNormV2": _batch_norm,
    "FusedBatchNormV3": _batch_norm,
    "FusedDepthwiseConv2dNative": partial(_fused, _depthwise_conv2d),
    "Identity": lambda _, __, inputs: inputs[0],
    "MaxPool": _pool,
    "Mean": _mean,
    "Mul": _multiply,
    "Pack": _pack,
    "Placeholder": _placeholder,
    "Relu": lambda emitter, _, inputs: emitter.relu(inputs[0]),
    "Relu6": lambda emitter, _, inputs: emitter.relu6(inputs[0]),
    "Reshape": _reshape,
    "Shape": _shape,
    "Sigmoid": lambda emitter, _, inputs: emitter.sigmoid(inputs[0]),
    "StridedSlice": _slice,
    "_FusedConv2D": partial(_fused, _conv2d),
    "_FusedDepthwiseConv2dNative": partial(_fused, _depthwise_conv2d),
}


def _spatial(node: Node, name: str) -> list[int]:
    values = node.integers(name) or [1, 1, 1, 1]
    if len(values) != 4 or values[0] != 1 or values[3] != 1:
        raise unsupported(node.name, f"{name} {values}; only height and width may differ from 1")
    return values[1:3]


def _padding(node: Node) -> Literal["SAME", "VALID"]:
    padding = node.text("padding", "")
    if padding not in ("SAME", "VALID") or node.text("data_format", "NHWC") != "NHWC":
        text = "a padding other than SAME and VALID, or a layout other than NHWC"
        raise unsupported(node.name, text)
    return cast("Literal['SAME', 'VALID']", padding)
