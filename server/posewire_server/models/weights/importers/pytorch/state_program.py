"""Translates state dictionaries of the networks defined here into Paddle programs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from posewire_server.errors import LocalReason, WeightsError
from posewire_server.models.weights.importers.architectures.openpose import read_body, read_hand
from posewire_server.models.weights.importers.architectures.pose_resnet import read_pose_resnet
from posewire_server.models.weights.importers.paddle_format.paddle_state import (
    State,
    read_paddle_state,
)
from posewire_server.models.weights.importers.program.emitter import Emitter
from posewire_server.models.weights.importers.program.layers import Layer, emit_layers, join_ends
from posewire_server.models.weights.importers.program.source import find_file
from posewire_server.models.weights.importers.pytorch.torch_state import read_torch_state

# A parameter that only this network has, and what makes layers of its state.
_NETWORKS = {
    "model0.conv1_1.weight": read_body,
    "model1_0.conv1_1.weight": read_hand,
    "deconv_layers.0.weight": read_pose_resnet,
}


def translate_paddle(folder: Path, emitter: Emitter, outputs: Sequence[str]) -> list[Any]:
    """Emits the network of the one .pdparams of a folder and returns its outputs.

    Raises:
        WeightsError: WEIGHTS_DAMAGED or WEIGHTS_UNSUPPORTED.
    """
    return _translate(read_paddle_state(find_file(folder, ".pdparams")), emitter, outputs)


def translate_torch(folder: Path, emitter: Emitter, outputs: Sequence[str]) -> list[Any]:
    """Emits the network of the one .pth or .pth.tar of a folder and returns its outputs.

    Raises:
        WeightsError: WEIGHTS_DAMAGED or WEIGHTS_UNSUPPORTED.
    """
    ending = ".tar" if any(folder.glob("*.tar")) else ".pth"
    return _translate(read_torch_state(find_file(folder, ending)), emitter, outputs)


def define(state: State) -> list[Layer]:
    """Returns the layers of the network that a state dictionary is of.

    Raises:
        WeightsError: WEIGHTS_UNSUPPORTED where it is of none that is known.
    """
    for parameter, read in _NETWORKS.items():
        if parameter in state:
            return read(state)
    names = ", ".join(list(state)[:3]) or "nothing"
    text = (
        f"the weights begin with {names}, which no known network has; known are openpose_body, "
        "openpose_hand and pose_resnet"
    )
    raise WeightsError(LocalReason.WEIGHTS_UNSUPPORTED, text)


def _translate(state: State, emitter: Emitter, outputs: Sequence[str]) -> list[Any]:
    return join_ends(emit_layers(define(state), (3, -1, -1), emitter), outputs, emitter)
