"""Runs a network in one of the engines of Paddle Inference.

    predictor = PaddlePredictor(store.pull(TFPOSE, progress))
    (maps,) = predictor.run(np.zeros((1, 3, 368, 432), np.float32))

Paddle's OpenVINO engine logs what goes wrong in a run and returns the previous answer; so inputs
and the shape of outputs are checked here.
"""

from collections.abc import Iterable
from typing import Final, Literal, Protocol

import numpy as np
import numpy.typing as npt

from posewire_server.errors import EngineError, ErrorReason
from posewire_server.inference.engine.program import Precision, Program
from posewire_server.models.weights.manifest import StoredNetwork
from posewire_server.runtime import available_cores

ENGINES: Final = ("openvino", "onednn", "plain", "gpu")

Engine = Literal["auto", "openvino", "onednn", "plain", "gpu"]
Array = npt.NDArray[np.float32]


class Predictor(Protocol):
    """Runs one network; called by one thread at a time, whichever that is."""

    def run(self, inputs: Array) -> list[Array]:
        """Returns the outputs for a batch (N, C, H, W) float32, in the order of the spec."""


class PaddlePredictor:
    """One network in one engine of Paddle Inference.

    One thread at a time may call it: the caller holds a lock, and a call during another one is
    refused. Different threads may take turns; the engine's own threads do not grow with them.

    The first run of each new (N, H, W) takes longer, see ``warm_up``; memory stays bounded however
    many there are.

    Args:
        model: A network of the cache.
        engine: ``auto`` takes the fastest engine that passed the network's self-check.
        precision: ``bf16``, with ``openvino`` only, takes half the time on a CPU with AVX512_BF16
            and costs accuracy: AP 0.276 instead of 0.286 for the body network on 74 images of
            COCO. On a CPU without it, OpenVINO computes in fp32 all the same.
        threads: CPU threads of one run; 0 takes all that the process may use.

    Attributes:
        engine: The engine in use.
        gil_free: Whether ``run`` lets other Python threads work meanwhile.

    Raises:
        EngineError: ENGINE_FAILED where the engine did not pass the self-check, is not part of this
            Paddle or machine, or does not offer this precision.
    """

    def __init__(
        self,
        model: StoredNetwork,
        engine: Engine = "auto",
        precision: Precision = "fp32",
        threads: int = 0,
    ) -> None:
        self.engine = choose_engine(model, engine, precision)
        self._spec = model.spec
        threads = threads or available_cores()
        self._program = Program(model.program, self.engine, precision, threads)
        self.gil_free = self._program.gil_free

    def run(self, inputs: Array) -> list[Array]:
        """Runs the network on a batch.

        Args:
            inputs: (N, C, H, W) float32, C-contiguous; H and W as the spec's input demands. It is
                copied (0.1 ms) and may be changed as soon as this returns.

        Returns:
            One float32 array for each output of the spec, batch first; the caller owns them.

        Raises:
            EngineError: ENGINE_FAILED for inputs of another shape or type, for a call during
                another one, and where the engine fails.
        """
        self._check_inputs(inputs)
        outputs = self._program.run(inputs)
        self._check_outputs(outputs, inputs)
        return outputs

    def warm_up(self, sizes: Iterable[tuple[int, int]]) -> None:
        """Runs once for each size, so that no frame pays for its preparation.

        Args:
            sizes: (w, h) of inputs, in pixels.

        Raises:
            EngineError: As ``run``.
        """
        for width, height in sizes:
            self.run(np.zeros((1, self._spec.input.channels, height, width), np.float32))

    def _check_outputs(self, outputs: list[Array], inputs: Array) -> None:
        size, specs = (len(inputs), *inputs.shape[2:]), self._spec.outputs
        got = [array.shape for array in outputs]
        if len(got) != len(specs) or not all(
            spec.fits(shape, *size) for spec, shape in zip(specs, got, strict=True)
        ):
            expected = [spec.shape_of(*size) for spec in specs]
            text = f"{self.engine} answered {got} where {expected} was expected"
            raise EngineError(ErrorReason.ENGINE_FAILED, text)

    def _check_inputs(self, inputs: Array) -> None:
        wanted, shape = self._spec.input, inputs.shape
        fits = len(shape) == 4 and shape[1] == wanted.channels and min(shape) > 0
        if fits and wanted.is_fixed:
            fits = shape[2:] == (wanted.height, wanted.max_width)
        if not fits or shape[2] % wanted.stride or shape[3] % wanted.stride:
            size = (
                f"H = {wanted.height} and W = {wanted.max_width}"
                if wanted.is_fixed
                else f"H and W multiples of {wanted.stride}"
            )
            text = f"expected inputs (N, {wanted.channels}, H, W) with {size}, got {shape}"
            raise EngineError(ErrorReason.ENGINE_FAILED, text)
        if inputs.dtype != np.float32 or not inputs.flags.c_contiguous:
            got = f"{inputs.dtype}, strides {inputs.strides}"
            raise EngineError(
                ErrorReason.ENGINE_FAILED, f"expected C-contiguous float32 inputs, got {got}"
            )


def choose_engine(model: StoredNetwork, engine: Engine, precision: Precision = "fp32") -> str:
    """Returns the engine that ``engine`` means for a network.

    Raises:
        EngineError: ENGINE_FAILED where it did not pass the self-check, or lacks the precision.
    """
    chosen = model.manifest.default_engine if engine == "auto" else engine
    again = "see `posewire-server models verify`"
    if chosen is None:
        raise EngineError(ErrorReason.ENGINE_FAILED, f"no engine passed the self-check; {again}")
    check = model.manifest.check(chosen)
    if check is not None and not check.passed:
        text = f"engine {chosen} did not pass the self-check: {check.reason}; {again}"
        raise EngineError(ErrorReason.ENGINE_FAILED, text)
    if precision == "bf16" and chosen != "openvino":
        raise EngineError(
            ErrorReason.ENGINE_FAILED, f"bf16 is offered by openvino only, not by {chosen}"
        )
    return chosen
