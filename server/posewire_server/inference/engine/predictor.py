"""Predictor: one network in one engine of Paddle Inference.

    predictor = PaddlePredictor(store.pull(TFPOSE, progress))
    (maps,) = predictor.run(np.zeros((1, 3, 368, 432), np.float32))

Paddle's OpenVINO engine logs a fault of a run and returns the previous outputs. This module checks
inputs and the shapes of outputs for that reason.
"""

from collections.abc import Iterable
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from posewire_server.errors import EngineError, ErrorReason
from posewire_server.inference.engine.engine_config import Engine, Precision
from posewire_server.inference.engine.program import Program
from posewire_server.models.weights.manifest import StoredNetwork
from posewire_server.runtime import available_cores

ENGINES: Final = ("openvino", "onednn", "plain", "gpu")

Array = npt.NDArray[np.float32]


class Predictor(Protocol):
    """Runs one network; called by one thread at a time, from any thread."""

    def run(self, inputs: Array) -> list[Array]:
        """Returns the outputs for a batch (N, C, H, W) float32, in the order of the spec."""


class PaddlePredictor:
    """One network in one engine of Paddle Inference.

    One thread at a time may call it, from any thread; it refuses a call during another one. The
    number of the engine's own threads stays the same.

    The first run of each new (N, H, W) takes longer, see ``warm_up``. Memory is bounded for any
    number of them.

    Args:
        model: A network of the cache.
        engine: ``auto`` takes the fastest engine that passed the network's self-check.
        precision: ``bf16``, with ``openvino`` only, takes half the time on a CPU with AVX512_BF16
            and costs accuracy: AP 0.276 instead of 0.286 for the body network on 74 images of
            COCO. OpenVINO computes in fp32 on other CPUs.
        threads: CPU threads of one run; 0 means all that the process may use.

    Attributes:
        engine: The engine in use.
        gil_free: Whether ``run`` releases Python's lock.

    Raises:
        EngineError: ENGINE_FAILED: the engine did not pass the self-check, is not part of this
            Paddle or machine, or lacks this precision.
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
            inputs: (N, C, H, W) float32, C-contiguous; H and W as the spec's input demands. They
                are copied (0.1 ms).

        Returns:
            One float32 array for each output of the spec, batch first; the caller owns them.

        Raises:
            EngineError: ENGINE_FAILED: inputs of another shape or type, a call during another one,
                or a fault of the engine.
        """
        self._check_inputs(inputs)
        outputs = self._program.run(inputs)
        self._check_outputs(outputs, inputs)
        return outputs

    def warm_up(self, sizes: Iterable[tuple[int, int]]) -> None:
        """Runs once for each size (w, h) of inputs, in pixels; the engine compiles for them.

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
    """Returns the name of the engine for a network; ``auto`` means the manifest's default.

    Raises:
        EngineError: ENGINE_FAILED: it did not pass the self-check, or lacks the precision.
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
