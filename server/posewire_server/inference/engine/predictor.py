"""Predictor: one network in one engine of Paddle Inference."""

import logging
import threading
from typing import Protocol

import numpy as np
import numpy.typing as npt

from posewire_server import _native
from posewire_server.inference.engine.engine_config import Engine, Precision
from posewire_server.inference.engine.paddle_inference import (
    build_native_predictor,
    engine_failed,
    summary_of,
)
from posewire_server.models.weights.manifest import StoredNetwork
from posewire_server.runtime import available_cores

Array = npt.NDArray[np.float32]
_LOG = logging.getLogger(__name__)


class Predictor(Protocol):
    """Runs one network; called by one thread at a time, from any thread."""

    def run(self, inputs: Array) -> list[Array]:
        """Returns the outputs for a batch (N, C, H, W) float32, in the order of the spec."""


class PaddlePredictor:
    """One network in one engine of Paddle Inference.

    One thread at a time may call it, from any thread; it refuses a call during another one. The
    number of the engine's own threads stays the same. The first run of each new (N, H, W) takes
    longer, because the engine compiles for it. Memory is bounded for any number of sizes.

    Args:
        precision: ``bf16``, with ``openvino`` only, takes half the time on a CPU with AVX512_BF16
            and costs accuracy: AP 0.276 instead of 0.286 for the body network on 74 images of
            COCO. OpenVINO computes in fp32 on other CPUs.

    Attributes:
        gil_free: Whether ``run`` releases Python's lock; Paddle's own ``run`` keeps it.

    Raises:
        EngineError: ENGINE_FAILED: the engine did not pass the self-check, is not part of this
            Paddle or machine, or lacks this precision.
    """

    def __init__(
        self,
        stored: StoredNetwork,
        engine: Engine = "auto",
        precision: Precision = "fp32",
        threads: int = 0,
    ) -> None:
        self.engine = choose_engine(stored, engine, precision)
        self._spec = stored.spec
        self._turn = threading.Lock()
        threads = threads or available_cores()
        native = build_native_predictor(stored.program, self.engine, precision, threads)
        (name,) = native.get_input_names()
        self._native = native
        self._input = native.get_input_handle(name)
        self._outputs = [native.get_output_handle(name) for name in native.get_output_names()]
        self.gil_free: bool = _native.predictor_run_available(native)
        if not self.gil_free:
            _LOG.warning(
                "this Paddle cannot run without Python's lock; everything else in the process "
                "waits during each inference (known to work: paddlepaddle 3.3.1 on Linux)"
            )

    def run(self, inputs: Array) -> list[Array]:
        """Runs the network on a batch.

        Args:
            inputs: (N, C, H, W) float32, C-contiguous; they are copied (0.1 ms).

        Returns:
            One float32 array for each output of the spec, batch first; the caller owns them.

        Raises:
            EngineError: ENGINE_FAILED: inputs of another shape or type, a call during another one,
                or a fault of the engine.
        """
        self._check_inputs(inputs)
        if not self._turn.acquire(blocking=False):
            raise engine_failed("two threads run one predictor; let them take turns")
        try:
            self._input.copy_from_cpu(inputs)
            if self.gil_free:
                _native.predictor_run(self._native)
            else:
                self._native.run()
            outputs: list[Array] = [handle.copy_to_cpu() for handle in self._outputs]
        except Exception as error:
            raise engine_failed(f"{self.engine} failed: {summary_of(error)}") from error
        finally:
            self._turn.release()
        self._check_outputs(outputs, inputs)
        return outputs

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
            raise engine_failed(text)
        if inputs.dtype != np.float32 or not inputs.flags.c_contiguous:
            got = f"{inputs.dtype}, strides {inputs.strides}"
            raise engine_failed(f"expected C-contiguous float32 inputs, got {got}")

    def _check_outputs(self, outputs: list[Array], inputs: Array) -> None:
        """Refuses wrong shapes: OpenVINO in Paddle logs a fault and returns the last outputs."""
        size, specs = (len(inputs), *inputs.shape[2:]), self._spec.outputs
        got = [array.shape for array in outputs]
        if len(got) != len(specs) or not all(
            spec.fits(shape, *size) for spec, shape in zip(specs, got, strict=True)
        ):
            expected = [spec.shape_of(*size) for spec in specs]
            raise engine_failed(f"{self.engine} answered {got} instead of {expected}")


def choose_engine(stored: StoredNetwork, engine: Engine, precision: Precision = "fp32") -> str:
    """Returns the name of the engine for a network; ``auto`` means the manifest's default.

    Raises:
        EngineError: ENGINE_FAILED: it did not pass the self-check, or lacks the precision.
    """
    chosen = stored.manifest.default_engine if engine == "auto" else engine
    again = "see `posewire-server models verify`"
    if chosen is None:
        raise engine_failed(f"no engine passed the self-check; {again}")
    check = stored.manifest.check(chosen)
    if check is not None and not check.passed:
        text = f"engine {chosen} did not pass the self-check: {check.reason}; {again}"
        raise engine_failed(text)
    if precision == "bf16" and chosen != "openvino":
        raise engine_failed(f"bf16 is offered by openvino only, not by {chosen}")
    return chosen
