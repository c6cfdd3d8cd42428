"""Step of a translation: one operation of TensorFlow Lite with the shapes of its tensors."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from posewire_server.models.weights.importers.program.emitter import Edges, Emitter
from posewire_server.models.weights.importers.program.import_errors import unsupported
from posewire_server.models.weights.importers.tflite.tflite import Operator

MAPS: Final = 4  # the rank of maps

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Padded:
    """A tensor (N, C, H, W) with zeros around it, which a convolution that reads it adds itself."""

    tensor: Any
    channels: tuple[int, int]  # before and after
    edges: Edges

    @property
    def shape(self) -> Shape:
        """(N, C, H, W) with the zeros."""
        batch, channels, height, width = self.tensor.shape
        top, bottom, left, right = self.edges
        return (batch, channels + sum(self.channels), height + top + bottom, width + left + right)


# A constant, a variable of Paddle, one that waits for its padding; None for an input left out.
Value: TypeAlias = Any


@dataclass(frozen=True)
class Step:
    """One operation with the shapes that the file says.

    Attributes:
        inputs: Shapes of its inputs; () for one left out.
        shape: Shape of its output.
    """

    name: str
    emitter: Emitter
    operator: Operator
    inputs: tuple[Shape, ...]
    shape: Shape

    def option(self, field: int, form: str = "i", default: int = 0) -> int:
        """Returns an option that is a number."""
        return self.operator.option(field, form, default)

    def activate(self, y: Any, field: int) -> Any:
        """Returns y after the activation that an option names."""
        kind = self.option(field, "b")
        functions: Mapping[int, Callable[[Any], Any]] = {
            1: self.emitter.relu,
            3: self.emitter.relu6,
            4: self.emitter.tanh,
        }
        if kind and kind not in functions:
            text = f"the fused activation {kind}; known are RELU, RELU6, TANH"
            raise unsupported(self.name, text)
        return functions[kind](y) if kind else y
