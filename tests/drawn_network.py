"""Networks whose answers are computed from their inputs, to test systems without weights."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from posewire_server.inference.engine.network import Network
from posewire_server.models.catalog.spec import NetworkSpec

Array = npt.NDArray[np.float32]


class DrawnPredictor:
    """Answers what a function makes of each input; counts the inputs of each run."""

    def __init__(self, answer: Callable[[Array], list[Array]]) -> None:
        self._answer = answer
        self.batches: list[int] = []

    def run(self, inputs: Array) -> list[Array]:
        self.batches.append(len(inputs))
        answers = [self._answer(each) for each in inputs]
        return [np.stack(outputs) for outputs in zip(*answers, strict=True)]


def drawn_network(
    spec: NetworkSpec, answer: Callable[[Array], list[Array]]
) -> tuple[Network, DrawnPredictor]:
    """Returns a network of a spec whose inputs are pixels in 0..255, and what runs it."""
    plain = replace(spec.input, mean=(0.0, 0.0, 0.0), scale=(1.0, 1.0, 1.0))
    predictor = DrawnPredictor(answer)
    return Network(replace(spec, input=plain), predictor), predictor
