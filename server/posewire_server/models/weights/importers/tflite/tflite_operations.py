"""The operations of TensorFlow Lite, each as the calls of the emitter that compute the same."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from posewire_server.models.weights.importers.program.emitter import Array, Edges
from posewire_server.models.weights.importers.program.import_errors import unsupported
from posewire_server.models.weights.importers.tflite.tflite_step import MAPS, Padded, Step, Value

SAME: Final = 0  # of the schema's Padding
# The axis of (N, C, H, W) for each axis of (N, H, W, C).
_AXES: Final = (0, 2, 3, 1)

Operation = Callable[[Step, list[Value]], Value]


def _constant(step: Step, inputs: list[Value]) -> Value:
    """Half-precision and sparse constants were unpacked when they were read."""
    if not isinstance(inputs[0], np.ndarray):
        raise unsupported(step.name, f"{step.operator.operation} of what is computed")
    return inputs[0]


def _fully_connected(step: Step, inputs: list[Value]) -> Any:
    """As a convolution over one pixel: a matrix product was silently wrong in oneDNN."""
    x, weights, *bias = inputs
    pixel = step.emitter.reshape(_rows(step, x), (-1, weights.shape[1], 1, 1))
    y = step.emitter.conv2d(pixel, weights[:, :, None, None], bias[0] if bias else None)
    return step.emitter.reshape(step.activate(y, 0), (-1, *step.shape[1:]))


def _arithmetic(step: Step, inputs: list[Value]) -> Any:
    x, y = (_operand(step, value) for value in inputs)
    return step.activate(x + y if step.operator.operation == "ADD" else x * y, 0)


def _operand(step: Step, value: Value) -> Any:
    """Returns a variable; constants of maps in the order of the program."""
    if not isinstance(value, np.ndarray):
        return value
    if len(step.shape) == MAPS:
        value = value.reshape((1,) * (MAPS - value.ndim) + value.shape).transpose(0, 3, 1, 2)
    return step.emitter.parameter(value)


def _prelu(step: Step, inputs: list[Value]) -> Any:
    x, slopes = inputs
    if slopes.size != slopes.shape[-1]:
        raise unsupported(step.name, f"slopes {slopes.shape}; only one for each channel is known")
    return step.emitter.prelu(x, slopes.reshape(1, -1, 1, 1))


def _mean(step: Step, inputs: list[Value]) -> Any:
    """Over height and width, in which the order of what is left does not change."""
    x, axes = inputs
    kept = {0, 1, 2, 3}.difference(int(axis) % MAPS for axis in axes.reshape(-1))
    if len(step.inputs[0]) != MAPS or kept != {0, 3}:
        raise unsupported(step.name, f"a mean over {axes}; only height and width are known")
    y = step.emitter.mean(x)
    return y if step.option(0, "b") else step.emitter.reshape(y, (-1, step.shape[-1]))


def _pad(step: Step, inputs: list[Value]) -> Padded:
    x, padding = inputs
    if len(step.shape) != MAPS or padding.shape != (MAPS, 2) or padding[0].any():
        raise unsupported(step.name, f"padding {padding.tolist()} of {step.inputs[0]}")
    _, (top, bottom), (left, right), (before, after) = padding.tolist()
    return Padded(x, (before, after), (top, bottom, left, right))


def _concatenation(step: Step, inputs: list[Value]) -> Any:
    rank = len(step.shape)
    axis = step.option(0) % rank
    if axis == 0:
        raise unsupported(step.name, "a concatenation of batches")
    tensors = [_operand(step, value) for value in inputs]
    y = step.emitter.concat(tensors, _AXES[axis] if rank == MAPS else axis)
    return step.activate(y, 1)


def _reshape(step: Step, inputs: list[Value]) -> Any:
    rows = _rows(step, inputs[0])
    if step.shape[:1] != step.inputs[0][:1]:
        raise unsupported(step.name, f"a change of the batch, {step.inputs[0]} to {step.shape}")
    if len(step.shape) != MAPS:
        return step.emitter.reshape(rows, (-1, *step.shape[1:]))
    _, height, width, channels = step.shape
    if height == width == 1:
        return step.emitter.reshape(rows, (-1, channels, 1, 1))
    y = step.emitter.reshape(rows, (-1, height, width, channels))
    return step.emitter.transpose(y, (0, 3, 1, 2))


def _rows(step: Step, x: Any) -> Any:
    """Returns x with its numbers in the order of the file."""
    shape = step.inputs[0]
    if len(shape) != MAPS or shape[3] == 1 or shape[1:3] == (1, 1):
        return x
    return step.emitter.transpose(x, (0, 2, 3, 1))


def _resize_bilinear(step: Step, inputs: list[Value]) -> Any:
    align_corners, half_pixels = step.option(2, "b"), step.option(3, "b")
    if not align_corners and not half_pixels:
        raise unsupported(step.name, "pixels scaled about their corners (half_pixel_centers off)")
    size = step.shape[1:3]
    return step.emitter.resize_bilinear(inputs[0], size, align_corners=bool(align_corners))


def _depth_to_space(step: Step, inputs: list[Value]) -> Any:
    """Channel (i * b + j) * C + c goes to row i and column j of each block of b x b pixels."""
    block = step.option(0)
    _, height, width, channels = step.shape
    emitter = step.emitter
    parts = (-1, block, block, channels, height // block, width // block)
    y = emitter.transpose(emitter.reshape(inputs[0], parts), (0, 3, 4, 1, 5, 2))
    return emitter.reshape(y, (-1, channels, height, width))


def _conv2d(step: Step, inputs: list[Value]) -> Any:
    """CONV_2D: filters (out, h, w, in) become (out, in, h, w)."""
    filters = inputs[1].transpose(0, 3, 1, 2)
    y = _convolve(step, inputs, filters, step.inputs[0][3] // filters.shape[1], dilation=4)
    return step.activate(y, 3)


def _depthwise_conv2d(step: Step, inputs: list[Value]) -> Any:
    """DEPTHWISE_CONV_2D: filters (1, h, w, channels * multiplier) become (that, 1, h, w)."""
    filters = inputs[1].transpose(3, 0, 1, 2)
    y = _convolve(step, inputs, filters, step.inputs[0][3], dilation=5)
    return step.activate(y, 4)


def _convolve(step: Step, inputs: list[Value], filters: Array, groups: int, dilation: int) -> Any:
    """The padding that x waits for is added to the convolution's own, which is zeros as well."""
    x, _, *bias = inputs
    strides = step.option(2), step.option(1)
    dilations = step.option(dilation + 1, default=1), step.option(dilation, default=1)
    size = tuple(
        1 + (length - 1) * d for length, d in zip(filters.shape[2:], dilations, strict=True)
    )
    edges = _edges(step, size, strides)
    if isinstance(x, Padded) and not any(x.channels):
        (top, bottom, left, right), more = edges, x.edges
        edges = top + more[0], bottom + more[1], left + more[2], right + more[3]
        x = x.tensor
    elif isinstance(x, Padded):
        x = step.emitter.pad(x.tensor, x.channels, x.edges)
    return step.emitter.conv2d(
        x,
        filters,
        bias[0] if bias else None,
        strides=strides,
        padding=edges,
        dilations=dilations,
        groups=groups,
    )


def _edges(step: Step, size: Sequence[int], strides: Sequence[int]) -> Edges:
    """Returns the padding of a window's (height, width); with SAME, the larger half comes last."""
    if step.option(0, "b") != SAME:
        return 0, 0, 0, 0
    height, width = (
        max((-(-length // stride) - 1) * stride + window - length, 0)
        for length, window, stride in zip(step.inputs[0][1:3], size, strides, strict=True)
    )
    return height // 2, height - height // 2, width // 2, width - width // 2


def _transpose_conv(step: Step, inputs: list[Value]) -> Any:
    """TRANSPOSE_CONV: filters (out, h, w, in) become (in, out, h, w); the file says the size."""
    _, filters, x, *bias = inputs
    strides = step.option(2), step.option(1)
    edges = []
    for length, out, window, stride in zip(
        step.inputs[2][1:3], step.shape[1:3], filters.shape[1:3], strides, strict=True
    ):
        total = (length - 1) * stride + window - out
        edges += [total // 2, total - total // 2]
    y = step.emitter.conv2d_transpose(
        x, filters.transpose(3, 0, 1, 2), strides=strides, padding=edges
    )
    if bias and bias[0] is not None:
        y = step.emitter.add_bias(y, bias[0])
    return step.activate(y, 3)


def _pool(step: Step, pool: Callable[..., Any], inputs: list[Value]) -> Any:
    size, strides = (step.option(4), step.option(3)), (step.option(2), step.option(1))
    return step.activate(pool(inputs[0], size, strides, _edges(step, size, strides)), 5)


OPERATIONS: Final[Mapping[str, Operation]] = {
    "ADD": _arithmetic,
    "AVERAGE_POOL_2D": lambda step, inputs: _pool(step, step.emitter.average_pool, inputs),
    "CONCATENATION": _concatenation,
    "CONV_2D": _conv2d,
    "DENSIFY": _constant,
    "DEPTHWISE_CONV_2D": _depthwise_conv2d,
    "DEPTH_TO_SPACE": _depth_to_space,
    "DEQUANTIZE": _constant,
    "FULLY_CONNECTED": _fully_connected,
    "LOGISTIC": lambda step, inputs: step.emitter.sigmoid(inputs[0]),
    "MAX_POOL_2D": lambda step, inputs: _pool(step, step.emitter.max_pool, inputs),
    "MEAN": _mean,
    "MUL": _arithmetic,
    "PAD": _pad,
    "PRELU": _prelu,
    "RELU": lambda step, inputs: step.emitter.relu(inputs[0]),
    "RELU6": lambda step, inputs: step.emitter.relu6(inputs[0]),
    "RESHAPE": _reshape,
    "RESIZE_BILINEAR": _resize_bilinear,
    "TANH": lambda step, inputs: step.emitter.tanh(inputs[0]),
    "TRANSPOSE_CONV": _transpose_conv,
}
