"""Runs a network in Paddle Inference; the only module of the serving path that imports Paddle.

    predictor = PaddlePredictor(store.pull(find_model("body")))
    (maps,) = predictor.run(np.zeros((1, 3, 368, 432), np.float32))
"""

import logging
import warnings
from typing import Any, Final, Literal, Protocol

import numpy as np
import numpy.typing as npt

from posewire_server.errors import EngineError
from posewire_server.models.manifest import StoredModel

ENGINES: Final = ("openvino", "onednn", "plain", "gpu")

Engine = Literal["auto", "openvino", "onednn", "plain", "gpu"]
Precision = Literal["fp32", "bf16"]
Array = npt.NDArray[np.float32]

_LOGGER = logging.getLogger(__name__)


class Predictor(Protocol):
    """Runs one network; called by one thread at a time, whichever that is."""

    def run(self, inputs: Array) -> list[Array]:
        """Returns the outputs for a batch (N, 3, H, W) float32."""


class PaddlePredictor:
    """One network in one engine of Paddle Inference.

    One thread at a time may call it; the caller holds the lock. Different threads may take turns.

    Args:
        model: A model of the cache.
        engine: ``auto`` takes the fastest engine that passed the model's self-check.
        precision: ``bf16`` halves the time of the body network on a CPU with AVX512_BF16 or AMX and
            costs accuracy: AP 0.276 instead of 0.286 on 74 images of COCO.
        threads: Threads of one run; 0 takes what the process may use.

    Attributes:
        engine: The engine in use.
        gil_free: Whether ``run`` lets other Python threads work meanwhile.

    Raises:
        EngineError: ENGINE_UNAVAILABLE where the engine did not pass the self-check, or is not part
            of this Paddle.
    """

    def __init__(
        self,
        model: StoredModel,
        engine: Engine = "auto",
        precision: Precision = "fp32",
        threads: int = 0,
    ) -> None:
        self.engine = _choose_engine(model, engine)
        self.gil_free = False
        inference = _load_paddle()
        config = _configure(inference, model, self.engine, precision, threads)
        self._predictor = inference.create_predictor(config)
        self._input = self._predictor.get_input_handle(self._predictor.get_input_names()[0])
        names = self._predictor.get_output_names()
        self._outputs = [self._predictor.get_output_handle(name) for name in names]

    def run(self, inputs: Array) -> list[Array]:
        """Runs the network on a batch.

        Args:
            inputs: (N, 3, H, W) float32, C-contiguous; H and W multiples of the spec's stride.

        Returns:
            The outputs, for ``body`` one of (N, 57, H / 8, W / 8) float32; the caller owns them.

        Raises:
            EngineError: INPUT_INVALID for another shape or type; INFERENCE_FAILED where the engine
                fails.
        """
        self._input.copy_from_cpu(inputs)
        self._predictor.run()
        return [output.copy_to_cpu() for output in self._outputs]


def _choose_engine(model: StoredModel, engine: Engine) -> str:
    if engine == "auto":
        return model.manifest.default_engine or "plain"
    return engine


def _load_paddle() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from paddle import inference
    return inference


def _configure(
    inference: Any, model: StoredModel, engine: str, precision: Precision, threads: int
) -> Any:
    config = inference.Config(str(model.program), str(model.parameters))
    config.disable_glog_info()
    config.disable_gpu()
    config.set_cpu_math_library_num_threads(threads or 1)
    if engine == "openvino":
        types = inference.PrecisionType
        config.enable_openvino_engine(types.Bfloat16 if precision == "bf16" else types.Float32)
    elif engine == "onednn":
        config.enable_mkldnn()
    else:
        config.disable_mkldnn()
    return config
