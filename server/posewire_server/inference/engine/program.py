"""Program of Paddle Inference; the only module of the serving path that imports Paddle.

Faults of Paddle 3.3.1 that shape this module:
- Its OpenVINO engine writes compiled networks to ``__cache__`` of the working directory. It gets a
  temporary folder instead.
- ``Predictor.run`` keeps Python's lock. ``_native`` runs it without.
- A predictor for the GPU runs on the CPU if Paddle has no CUDA. This module refuses that.
- Importing Paddle replaces the handlers of SIGTERM and others. This module restores them, which
  Python allows in the main thread only: build the first program there.
"""

import logging
import signal
import tempfile
import threading
import warnings
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from posewire_server import _native
from posewire_server.errors import EngineError, ErrorReason
from posewire_server.inference.engine.engine_config import Precision
from posewire_server.models.weights.manifest import ProgramFiles

GPU_MEMORY_MIB: Final = 256
_PADDLE_SIGNALS: Final = (
    signal.SIGTERM,
    signal.SIGABRT,
    signal.SIGFPE,
    signal.SIGILL,
    signal.SIGSEGV,
)

Array = npt.NDArray[np.float32]

_LOGGER = logging.getLogger(__name__)


class Program:
    """One program in one engine of Paddle Inference; run by one thread at a time.

    Args:
        files: The program.
        engine: ``openvino``, ``onednn``, ``plain`` or ``gpu``.
        precision: ``bf16`` is for ``openvino`` only.
        threads: CPU threads of one run.

    Attributes:
        gil_free: Whether ``run`` releases Python's lock.

    Raises:
        EngineError: ENGINE_FAILED: the engine is not part of this Paddle, or refuses the program.
    """

    def __init__(
        self, files: ProgramFiles, engine: str, precision: Precision, threads: int
    ) -> None:
        self._engine = engine
        self._turn = threading.Lock()
        self._predictor = _build(files, engine, precision, threads)
        (name,) = self._predictor.get_input_names()
        self._input = self._predictor.get_input_handle(name)
        names = self._predictor.get_output_names()
        self._outputs = [self._predictor.get_output_handle(name) for name in names]
        self.gil_free: bool = _native.predictor_run_available(self._predictor)
        if not self.gil_free:
            _LOGGER.warning(
                "this Paddle cannot run without Python's lock; everything else in the process "
                "waits during each inference (known to work: paddlepaddle 3.3.1 on Linux)"
            )

    def run(self, inputs: Array) -> list[Array]:
        """Returns the outputs, which the caller owns.

        Args:
            inputs: A C-contiguous batch.

        Raises:
            EngineError: ENGINE_FAILED: a fault of the engine, or a call during another one.
        """
        if not self._turn.acquire(blocking=False):
            raise EngineError(
                ErrorReason.ENGINE_FAILED, "two threads run one predictor; let them take turns"
            )
        try:
            self._input.copy_from_cpu(inputs)
            if self.gil_free:
                _native.predictor_run(self._predictor)
            else:
                self._predictor.run()
            return [handle.copy_to_cpu() for handle in self._outputs]
        except Exception as error:
            text = f"{self._engine} failed: {_last_line(error)}"
            raise EngineError(ErrorReason.ENGINE_FAILED, text) from error
        finally:
            self._turn.release()


def _build(files: ProgramFiles, engine: str, precision: Precision, threads: int) -> Any:
    paddle = _load_paddle()
    if engine == "gpu" and not paddle.is_compiled_with_cuda():  # It would run on the CPU, silently.
        text = "this Paddle has no CUDA; install paddlepaddle-gpu or choose another engine"
        raise EngineError(ErrorReason.ENGINE_FAILED, text)
    with tempfile.TemporaryDirectory(prefix="posewire-") as cache:
        try:
            config = _configure(paddle.inference, files, engine, precision)
            config.set_cpu_math_library_num_threads(threads)
            config.set_optim_cache_dir(cache)
            return paddle.inference.create_predictor(config)
        except Exception as error:
            text = f"engine {engine} could not load {files.program}: {_last_line(error)}"
            raise EngineError(ErrorReason.ENGINE_FAILED, text) from error


def _configure(inference: Any, files: ProgramFiles, engine: str, precision: Precision) -> Any:
    config = inference.Config(str(files.program), str(files.parameters))
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


def _last_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    hints = [line for line in lines if line.startswith(("(", "["))]
    return (hints or lines or [type(error).__name__])[0]
