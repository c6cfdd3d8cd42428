"""Compares a network with what another runtime answered, for users who import weights."""

import zipfile
from pathlib import Path
from typing import Final

import numpy as np

from posewire_server.errors import LocalReason, WeightsError
from posewire_server.inference.engine.predictor import PaddlePredictor
from posewire_server.inference.engine.self_check import measure_error
from posewire_server.models.weights.manifest import StoredNetwork

TOLERANCE: Final = 1e-3


def check_reference(stored: StoredNetwork, path: Path) -> float:
    """Runs a network's default engine on reference inputs.

    Args:
        stored: The network.
        path: An .npz with ``input`` (N, C, H, W) float32 as the network takes it, and ``output_J``
            for each output J of the spec, batch first.

    Returns:
        The largest error; of outputs above 1, as a share of their largest value.

    Raises:
        WeightsError: WEIGHTS_DAMAGED where the file is not such a one; WEIGHTS_UNSUPPORTED where
            the outputs differ by more than 1e-3.
        EngineError: ENGINE_FAILED where the engine takes no such input.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            inputs = np.ascontiguousarray(arrays["input"], np.float32)
            expected = [arrays[f"output_{j}"] for j in range(len(stored.spec.outputs))]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        text = f"{path} is not a readable reference, which has input and output_0: {error}"
        raise WeightsError(LocalReason.WEIGHTS_DAMAGED, text) from error
    worst = measure_error(PaddlePredictor(stored), [(inputs, expected)])
    if not worst <= TOLERANCE:
        text = (
            f"{stored.spec.name} differs from {path} by up to {worst:.3g}; are the weights, the "
            "order of channels and the scaling of the reference the same?"
        )
        raise WeightsError(LocalReason.WEIGHTS_UNSUPPORTED, text, network=stored.spec.name)
    return worst
