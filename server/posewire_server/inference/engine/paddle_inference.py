"""Paddle Inference: the only module of the serving path that imports Paddle.

Faults of Paddle 3.3.1 that shape this module:
- Its OpenVINO engine writes compiled networks to ``__cache__`` of the working directory. It gets a
  temporary folder instead.
- A predictor for the GPU runs on the CPU if Paddle has no CUDA. This module refuses that.
- Importing Paddle replaces the handlers of SIGTERM and others. This module restores them, which
  Python allows in the main thread only: build the first predictor there.
"""

import signal
import tempfile
import threading
import warnings
from typing import Any, Final

from posewire_server.errors import EngineError, ErrorReason
from posewire_server.inference.engine.engine_config import Precision
from posewire_server.models.weights.manifest import ProgramFiles

_GPU_MEMORY_MIB: Final = 256
_PADDLE_SIGNALS: Final = ("SIGTERM", "SIGABRT", "SIGFPE", "SIGILL", "SIGSEGV")


def build_native_predictor(
    files: ProgramFiles, engine: str, precision: Precision, threads: int
) -> Any:
    """Returns Paddle's own predictor of a program; ``bf16`` is for ``openvino`` only.

    Raises:
        EngineError: ENGINE_FAILED: the engine is not part of this Paddle, or refuses the program.
    """
    paddle = _import_paddle()
    if engine == "gpu" and not paddle.is_compiled_with_cuda():
        raise engine_failed(
            "this Paddle has no CUDA; install paddlepaddle-gpu or choose another engine"
        )
    with tempfile.TemporaryDirectory(prefix="posewire-") as cache:
        try:
            config = _configure(paddle.inference, files, engine, precision)
            config.set_cpu_math_library_num_threads(threads)
            config.set_optim_cache_dir(cache)
            return paddle.inference.create_predictor(config)
        except Exception as error:
            text = f"engine {engine} could not load {files.program}: {summary_of(error)}"
            raise engine_failed(text) from error


def engine_failed(text: str) -> EngineError:
    """Returns ENGINE_FAILED."""
    return EngineError(ErrorReason.ENGINE_FAILED, text)


def summary_of(error: Exception) -> str:
    """Returns the line of Paddle's error that names the fault."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    hints = [line for line in lines if line.startswith(("(", "["))]
    return (hints or lines or [type(error).__name__])[0]


def _configure(inference: Any, files: ProgramFiles, engine: str, precision: Precision) -> Any:
    config = inference.Config(str(files.program), str(files.parameters))
    config.disable_glog_info()
    config.enable_memory_optim()
    if engine == "gpu":
        config.enable_use_gpu(_GPU_MEMORY_MIB, 0)
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


def _import_paddle() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Paddle recommends a compiler cache to all who import it.
        import paddle
        import paddle.inference
    paddle.disable_signal_handler()
    if threading.current_thread() is threading.main_thread():
        for name in _PADDLE_SIGNALS:
            number = signal.Signals[name]
            handler = signal.getsignal(number)
            if callable(handler):
                signal.signal(number, handler)
    return paddle
