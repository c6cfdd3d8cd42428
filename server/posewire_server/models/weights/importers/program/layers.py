"""Networks as a list of layers: readers of foreign formats make it, one translator emits it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from posewire_server.models.weights.importers.program.emitter import INPUT_NAME, Emitter
from posewire_server.models.weights.importers.program.import_errors import (
    check_operations,
    naming,
    unsupported,
)

Floats = npt.NDArray[np.float32]
Pair = tuple[int, int]


@dataclass(frozen=True)
class Layer:
    """One operation on tensors (N, C, H, W).

    Attributes:
        kind: One of those that ``emit_layers`` knows; any other is refused there.
        inputs: Names of the tensors it reads; the network's input is ``INPUT_NAME``.
        output: Name of the tensor it makes; a later layer may make one of the same name.
        weights: Its parameters, in the order its kind needs.
        settings: Sizes and the like, by name; pairs are (height, width).
    """

    name: str
    kind: str
    inputs: tuple[str, ...]
    output: str
    weights: tuple[Floats, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def bias(self) -> Floats | None:
        """The second of the weights; None if there is one only."""
        return self.weights[1] if len(self.weights) > 1 else None

    def pair(self, name: str, default: int) -> Pair:
        """Returns a setting for (height, width); both are ``default`` if it is absent."""
        height, width = self.settings.get(name, (default, default))
        return height, width


def emit_layers(
    layers: Sequence[Layer], shape: Sequence[int], emitter: Emitter, ends: Sequence[str] = ()
) -> dict[str, Any]:
    """Writes layers, each after those it reads, into the program.

    Returns the tensors ``ends`` by name; without names, those that no layer reads. The shape is
    the (C, H, W) of the input; -1 is any size.

    Raises:
        WeightsError: WEIGHTS_UNSUPPORTED for a kind of layer that is not known, or tensors that do
            not fit each other.
    """
    tensors: dict[str, Any] = {INPUT_NAME: emitter.input(shape)}
    unread: set[str] = set()
    for layer in layers:
        tensors[layer.output] = _emit(layer, tensors, emitter)
        unread = (unread - set(layer.inputs)) | {layer.output}
    absent = [name for name in ends if name not in tensors]
    if absent:
        raise unsupported(absent[0], "no layer that makes it, and the network ends in it")
    return {name: tensors[name] for name in ends or tensors if ends or name in unread}


def _emit(layer: Layer, tensors: Mapping[str, Any], emitter: Emitter) -> Any:
    check_operations([(layer.name, layer.kind)], _EMIT)
    absent = [name for name in layer.inputs if name not in tensors]
    if absent or not layer.inputs:
        raise unsupported(layer.name, f"inputs that no layer before it makes: {absent}")
    with naming(layer.name):
        return _EMIT[layer.kind](emitter, layer, [tensors[name] for name in layer.inputs])


def join_ends(ends: Mapping[str, Any], outputs: Sequence[str], emitter: Emitter) -> list[Any]:
    """Returns the outputs by name; if one is wanted, the ends joined to it.

    Networks with part affinity fields end in two: the heatmaps, which are fewer, come first, as
    OpenPose itself joins them.
    """
    if len(outputs) > 1:
        return [ends[name] for name in outputs]
    tensors = sorted(ends.values(), key=lambda tensor: int(tensor.shape[1]))
    return tensors if len(tensors) == 1 else [emitter.concat(tensors)]


def _convolution(emitter: Emitter, layer: Layer, inputs: list[Any]) -> Any:
    """Weights: filters (out, in / groups, h, w) and, if it has one, a bias (out,)."""
    return emitter.conv2d(
        inputs[0],
        layer.weights[0],
        layer.bias,
        strides=layer.pair("strides", 1),
        padding=_padding(layer),
        dilations=layer.pair("dilations", 1),
        groups=int(layer.settings.get("groups", 1)),
    )


def _transposed(emitter: Emitter, layer: Layer, inputs: list[Any]) -> Any:
    """Weights: filters (in, out, h, w) and, if it has one, a bias (out,)."""
    if layer.settings.get("groups", 1) != 1 or layer.pair("dilations", 1) != (1, 1):
        raise unsupported(layer.name, "a transposed convolution with groups or dilations")
    strides, padding = layer.pair("strides", 1), layer.pair("padding", 0)
    y = emitter.conv2d_transpose(inputs[0], layer.weights[0], strides=strides, padding=padding)
    return y if layer.bias is None else emitter.add_bias(y, layer.bias)


def _max_pool(emitter: Emitter, layer: Layer, inputs: list[Any]) -> Any:
    size, strides = layer.pair("size", 1), layer.pair("strides", 1)
    round_up = bool(layer.settings.get("round_up"))
    return emitter.max_pool(inputs[0], size, strides, _padding(layer), round_up=round_up)


def _average_pool(emitter: Emitter, layer: Layer, inputs: list[Any]) -> Any:
    size, strides = layer.pair("size", 1), layer.pair("strides", 1)
    if layer.settings.get("round_up"):
        for length, window, stride in zip(inputs[0].shape[2:], size, strides, strict=True):
            if stride > 1 and (length < 0 or (length - window) % stride):  # -1 is a free length.
                raise unsupported(layer.name, "an average over partial windows")
    if any(_padding(layer)):
        raise unsupported(layer.name, "an average over padding")
    return emitter.average_pool(inputs[0], size, strides)


def _scale(emitter: Emitter, layer: Layer, inputs: list[Any]) -> Any:
    """Weights: a factor (C,) or (1,)."""
    return inputs[0] * emitter.parameter(layer.weights[0].reshape(1, -1, 1, 1))


def _dense(emitter: Emitter, layer: Layer, inputs: list[Any]) -> Any:
    """Weights: (out, in) and, if it has one, a bias (out,).

    As a convolution over the whole map: a matrix product after a reshape was silently wrong in
    oneDNN.
    """
    matrix = layer.weights[0]
    shape = tuple(int(size) for size in inputs[0].shape[1:])
    if min(shape) < 1 or matrix.ndim != 2 or matrix.shape[1] != np.prod(shape):
        raise unsupported(layer.name, f"weights {matrix.shape} on an input of {shape}")
    return emitter.conv2d(inputs[0], matrix.reshape(-1, *shape), layer.bias)


def _prelu(emitter: Emitter, layer: Layer, inputs: list[Any]) -> Any:
    """Weights: the slope (C,) or (1,) of negative values."""
    slopes = np.broadcast_to(layer.weights[0].reshape(-1), int(inputs[0].shape[1]))
    return emitter.prelu(inputs[0], slopes.reshape(1, -1, 1, 1))


def _concat(emitter: Emitter, layer: Layer, inputs: list[Any]) -> Any:
    if (axis := layer.settings.get("axis", 1)) != 1:
        raise unsupported(layer.name, f"a concatenation along axis {axis}; only channels are")
    return emitter.concat(inputs)


_EMIT: Final[Mapping[str, Callable[[Emitter, Layer, list[Any]], Any]]] = {
    "absolute": lambda emitter, _, inputs: emitter.absolute(inputs[0]),
    "average_pool": _average_pool,
    "bias": lambda emitter, layer, inputs: emitter.add_bias(inputs[0], layer.weights[0]),
    "concat": _concat,
    "convolution": _convolution,
    "dense": _dense,
    "identity": lambda _, __, inputs: inputs[0],
    "max_pool": _max_pool,
    "prelu": _prelu,
    "relu": lambda emitter, _, inputs: emitter.relu(inputs[0]),
    "scale": _scale,
    "sigmoid": lambda emitter, _, inputs: emitter.sigmoid(inputs[0]),
    "sum": lambda _, __, inputs: sum(inputs[1:], inputs[0]),
    "tanh": lambda emitter, _, inputs: emitter.tanh(inputs[0]),
    "transposed_convolution": _transposed,
}


def _padding(layer: Layer) -> tuple[int, int, int, int]:
    height, width = layer.pair("padding", 0)
    return height, height, width, width
