"""The operations of TensorFlow Lite that move a window over maps."""

from collections.abc import Sequence
from typing import Any, Final

from posewire_server.models.weights.importers.tflite.tflite_step import (
    Array,
    Edges,
    Padded,
    Step,
    Value,
)

SAME: Final = 0  # of the schema's Padding


def conv2d(step: Step, inputs: list[Value]) -> Any:
    """CONV_2D: filters (out, h, w, in) become (out, in, h, w)."""
    filters = inputs[1].transpose(0, 3, 1, 2)
    y = _convolve(step, inputs, filters, step.inputs[0][3] // filters.shape[1], dilation=4)
    return step.activate(y, 3)


def depthwise_conv2d(step: Step, inputs: list[Value]) -> Any:
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
    totals = [
        max((-(-length // stride) - 1) * stride + window - length, 0)
        for length, window, stride in zip(step.inputs[0][1:3], size, strides, strict=True)
    ]
    height, width = totals
    return height // 2, height - height // 2, width // 2, width - width // 2


def transpose_conv(step: Step, inputs: list[Value]) -> Any:
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
    y = step.emitter.add_bias(y, bias[0]) if bias and bias[0] is not None else y
    return step.activate(y, 3)


def max_pool(step: Step, inputs: list[Value]) -> Any:
    """MAX_POOL_2D."""
    size, strides = (step.option(4), step.option(3)), (step.option(2), step.option(1))
    y = step.emitter.max_pool(inputs[0], size, strides, _edges(step, size, strides))
    return step.activate(y, 5)


def average_pool(step: Step, inputs: list[Value]) -> Any:
    """AVERAGE_POOL_2D: padding does not count."""
    size, strides = (step.option(4), step.option(3)), (step.option(2), step.option(1))
    y = step.emitter.average_pool(inputs[0], size, strides, _edges(step, size, strides))
    return step.activate(y, 5)
