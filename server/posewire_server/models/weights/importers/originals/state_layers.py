"""Builder of layers that take their weights from a state dictionary, by parameter name."""

from typing import Final

import numpy as np

from posewire_server.errors import LocalReason, WeightsError
from posewire_server.models.weights.importers.program.layers import Floats, Layer, Pair

EPSILON: Final = 1e-5  # Of batch normalisation, in Paddle as in PyTorch.
_COUNTERS: Final = ("num_batches_tracked", "StructuredToParameterName@@")

State = dict[str, Floats]


class StateLayers:
    """A list of layers under construction; each method adds one and returns its output's name.

    Args:
        state: Parameters by name; each must be used in the end.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._used: set[str] = set()
        self._layers: list[Layer] = []

    def convolution(self, name: str, x: str, *, stride: int = 1, normalised_by: str = "") -> str:
        """Convolves with ``name``.weight, padded so that a stride of 1 keeps the size.

        The batch normalisation ``normalised_by`` is folded into it; if there is none, ``name``.bias
        is added.
        """
        filters = self._take(f"{name}.weight", 4)
        if normalised_by:
            scale, bias = self._read_normalisation(normalised_by, filters.shape[0])
            filters = filters * scale.reshape(-1, 1, 1, 1)
        else:
            bias = self._take(f"{name}.bias", 1)
        strides, padding = (stride, stride), (filters.shape[2] // 2, filters.shape[3] // 2)
        return self._add("convolution", name, (x,), filters, bias, strides=strides, padding=padding)

    def upsampling(self, name: str, x: str, *, normalised_by: str) -> str:
        """Doubles the size by a transposed convolution with filters of (in, out, 4, 4)."""
        filters = self._take(f"{name}.weight", 4)
        scale, bias = self._read_normalisation(normalised_by, filters.shape[1])
        filters = filters * scale.reshape(1, -1, 1, 1)
        settings = {"strides": (2, 2), "padding": (1, 1)}
        return self._add("transposed_convolution", name, (x,), filters, bias, **settings)

    def relu(self, x: str) -> str:
        """Adds max(x, 0)."""
        return self._add("relu", f"{x}.relu", (x,))

    def max_pool(self, name: str, x: str, *, size: int, stride: int, padding: int = 0) -> str:
        """Adds the maximum over windows."""
        pairs = {"size": size, "strides": stride, "padding": padding}
        settings = {setting: (value, value) for setting, value in pairs.items()}
        return self._add("max_pool", name, (x,), **settings)

    def concat(self, name: str, inputs: tuple[str, ...]) -> str:
        """Joins tensors along the channels."""
        return self._add("concat", name, inputs)

    def sum(self, name: str, inputs: tuple[str, ...]) -> str:
        """Adds up tensors."""
        return self._add("sum", name, inputs)

    def has(self, name: str) -> bool:
        """Returns whether the state has a convolution of a name."""
        return f"{name}.weight" in self._state

    def finish(self) -> list[Layer]:
        """Returns the layers.

        Raises:
            WeightsError: WEIGHTS_UNSUPPORTED if the state has parameters that none uses.
        """
        unused = (name for name in self._state if name not in self._used)
        if left := [name for name in unused if not name.endswith(_COUNTERS)]:
            raise _another(f"nothing uses its {left[0]!r} and {len(left) - 1} others")
        return self._layers

    def _add(
        self, kind: str, name: str, inputs: tuple[str, ...], *weights: Floats, **settings: Pair
    ) -> str:
        self._layers.append(Layer(name, kind, inputs, name, weights, settings))
        return name

    def _read_normalisation(self, name: str, count: int) -> tuple[Floats, Floats]:
        is_paddle = f"{name}._mean" in self._state
        moments = ("_mean", "_variance") if is_paddle else ("running_mean", "running_var")
        arrays = [self._take(f"{name}.{each}", 1) for each in (*moments, "weight", "bias")]
        mean, variance, weight, bias = arrays
        sizes = {array.shape for array in arrays}
        if sizes != {(count,)}:
            raise _another(f"{name!r} has the shapes {sorted(sizes)} for {count} channels")
        scale = weight / np.sqrt(variance + EPSILON)
        return scale, bias - mean * scale

    def _take(self, name: str, rank: int) -> Floats:
        array = self._state.get(name)
        if array is None or array.ndim != rank:
            got = "is missing" if array is None else f"has the shape {array.shape}"
            raise _another(f"{name!r} {got}")
        self._used.add(name)
        return array


def _another(what: str) -> WeightsError:
    text = f"the weights are of another network: {what}"
    return WeightsError(LocalReason.WEIGHTS_UNSUPPORTED, text)
