"""Runs a network in Paddle Inference; the only module of the serving path that imports Paddle.

    predictor = PaddlePredictor(store.pull(TFPOSE, progress))
    (maps,) = predictor.run(np.zeros((1, 3, 368, 432), np.float32))

Faults of Paddle 3.3.1 that shape this module:
- Its OpenVINO engine logs what goes wrong in a run and returns the previous answer; so inputs and
  the shape of outputs are checked here.
- That engine writes compiled networks to ``__cache__`` of the working directory; so it is given a
  folder that is thrown away.
- ``Predictor.run`` keeps Python's lock; so the run itself goes through ``_native``.
- Without CUDA, a predictor for the GPU runs on the CPU; so that is refused here.
- Importing it puts handlers of its own in place of those for SIGTERM and others; so they are put
  back, which Python allows in the main thread only: build the first predictor there.
"""

import logging
import os
import signal
import tempfile
import threading
import warnings
from collections.abc import Iterable
from typing import Any, Final, Literal, Protocol

import numpy as np
import numpy.typing as npt

from posewire_server import _native
from posewire_server.errors import EngineError
from posewire_server.models.manifest import StoredNetwork

ENGINES: Final = ("openvino", "onednn", "plain", "gpu")
GPU_MEMORY_MIB: Final = 256
_PADDLE_SIGNALS: Final = (
    signal.SIGTERM,
    signal.SIGABRT,
    signal.SIGFPE,
    signal.SIGILL,
    signal.SIGSEGV,
)

Engine = Literal["auto", "openvino", "onednn", "plain", "gpu"]
Precision = Literal["fp32", "bf16"]
Array = npt.NDArray[np.float32]

_LOGGER = logging.getLogger(__name__)


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
        self._turn = threading.Lock()
        self._predictor = _build(model, self.engine, precision, threads or _available_threads())
        (input_name,) = self._predictor.get_input_names()
        output_names = self._predictor.get_output_names()
        self._input = self._predictor.get_input_handle(input_name)
        self._outputs = [self._predictor.get_output_handle(name) for name in output_names]
        self.gil_free: bool = _native.predictor_run_available(self._predictor)
        if not self.gil_free:
            _LOGGER.warning(
                "this Paddle cannot run without Python's lock; everything else in the process "
                "waits during each inference (known to work: paddlepaddle 3.3.1 on Linux)"
            )

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
        if not self._turn.acquire(blocking=False):
            raise EngineError("ENGINE_FAILED", "two threads run one predictor; let them take turns")
        try:
            outputs = self._run(inputs)
        except Exception as error:
            raise EngineError(
                "ENGINE_FAILED", f"{self.engine} failed: {_last_line(error)}"
            ) from error
        finally:
            self._turn.release()
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

    def _run(self, inputs: Array) -> list[Array]:
        self._input.copy_from_cpu(inputs)
        if self.gil_free:
            _native.predictor_run(self._predictor)
        else:
            self._predictor.run()
        return [output.copy_to_cpu() for output in self._outputs]

    def _check_outputs(self, outputs: list[Array], inputs: Array) -> None:
        size, specs = (len(inputs), *inputs.shape[2:]), self._spec.outputs
        got = [array.shape for array in outputs]
        if len(got) != len(specs) or not all(
            spec.fits(shape, *size) for spec, shape in zip(specs, got, strict=True)
        ):
            expected = [spec.shape_of(*size) for spec in specs]
            text = f"{self.engine} answered {got} where {expected} was expected"
            raise EngineError("ENGINE_FAILED", text)

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
            raise EngineError("ENGINE_FAILED", text)
        if inputs.dtype != np.float32 or not inputs.flags.c_contiguous:
            got = f"{inputs.dtype}, strides {inputs.strides}"
            raise EngineError("ENGINE_FAILED", f"expected C-contiguous float32 inputs, got {got}")


def choose_engine(model: StoredNetwork, engine: Engine, precision: Precision = "fp32") -> str:
    """Returns the engine that ``engine`` means for a network.

    Raises:
        EngineError: ENGINE_FAILED where it did not pass the self-check, or lacks the precision.
    """
    chosen = model.manifest.default_engine if engine == "auto" else engine
    again = "see `posewire-server models verify`"
    if chosen is None:
        raise EngineError("ENGINE_FAILED", f"no engine passed the self-check; {again}")
    check = model.manifest.check(chosen)
    if check is not None and not check.passed:
        text = f"engine {chosen} did not pass the self-check: {check.reason}; {again}"
        raise EngineError("ENGINE_FAILED", text)
    if precision == "bf16" and chosen != "openvino":
        raise EngineError("ENGINE_FAILED", f"bf16 is offered by openvino only, not by {chosen}")
    return chosen


def _build(model: StoredNetwork, engine: str, precision: Precision, threads: int) -> Any:
    paddle = _load_paddle()
    if engine == "gpu" and not paddle.is_compiled_with_cuda():  # It would run on the CPU, silently.
        text = "this Paddle has no CUDA; install paddlepaddle-gpu or choose another engine"
        raise EngineError("ENGINE_FAILED", text)
    with tempfile.TemporaryDirectory(prefix="posewire-") as cache:
        try:
            config = _configure(paddle.inference, model, engine, precision)
            config.set_cpu_math_library_num_threads(threads)
            config.set_optim_cache_dir(cache)
            return paddle.inference.create_predictor(config)
        except Exception as error:
            text = f"engine {engine} could not load {model.spec.name}: {_last_line(error)}"
            raise EngineError("ENGINE_FAILED", text) from error


def _configure(inference: Any, model: StoredNetwork, engine: str, precision: Precision) -> Any:
    config = inference.Config(str(model.program), str(model.parameters))
    config.disable_glog_info()
    config.enable_memory_optim()
    if engine == "gpu":
        config.enable_use_gpu(GPU_MEMORY_MIB, 0)
        return config
    config.disable_gpu()
    if engine == "openvino":
        types = inference.PrecisionType
        config.enable_openvino_engine(types.Bfloat16 if precision == "bf16" else types.Float32)
    elif engine == "onednn":
        config.enable_mkldnn()
    else:
        config.disable_mkldnn()
    return config


def _load_paddle() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Paddle recommends a compiler cache to whoever imports it.
        import paddle
        import paddle.inference
    paddle.disable_signal_handler()
    if threading.current_thread() is threading.main_thread():
        for number in _PADDLE_SIGNALS:
            handler = signal.getsignal(number)
            if callable(handler):
                signal.signal(number, handler)
    return paddle


def _available_threads() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _last_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    hints = [line for line in lines if line.startswith(("(", "["))]
    return (hints or lines or [type(error).__name__])[0]
