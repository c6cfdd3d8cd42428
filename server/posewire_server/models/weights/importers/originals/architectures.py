"""Architectures of networks that are published as a state dictionary alone.

OpenPose's body and hand networks as PaddleHub defines them. Source: Cao et al., "OpenPose: Realtime
Multi-Person 2D Pose Estimation using Part Affinity Fields", 2018, and Simon et al., "Hand Keypoint
Detection in Single Images using Multiview Bootstrapping", 2017; names of parameters and the use of
ReLU as in PaddleHub's openpose_body_estimation and openpose_hands_estimation 1.1.0.

The residual network with three upsamplings, from MSRA's checkpoints. Source: Xiao et al., "Simple
Baselines for Human Pose Estimation and Tracking", 2018; names of parameters as in
microsoft/human-pose-estimation.pytorch.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from posewire_server.errors import LocalReason, WeightsError
from posewire_server.models.weights.importers.originals.paddle_state import read_paddle_state
from posewire_server.models.weights.importers.originals.state_layers import State, StateLayers
from posewire_server.models.weights.importers.originals.torch_state import read_torch_state
from posewire_server.models.weights.importers.program.emitter import INPUT_NAME, Emitter
from posewire_server.models.weights.importers.program.import_errors import find_file
from posewire_server.models.weights.importers.program.layers import Layer, emit_layers, join_ends

_STAGES: Final = 6
_POOL: Final = "pool"
_VGG: Final = (
    *("conv1_1", "conv1_2", _POOL, "conv2_1", "conv2_2", _POOL),
    *("conv3_1", "conv3_2", "conv3_3", "conv3_4", _POOL, "conv4_1", "conv4_2"),
)
_MAX_BLOCKS: Final = 64


def translate_paddle(folder: Path, emitter: Emitter, outputs: Sequence[str]) -> list[Any]:
    """Emits the network of the one .pdparams of a folder and returns its outputs."""
    return _translate(read_paddle_state(find_file(folder, ".pdparams")), emitter, outputs)


def translate_torch(folder: Path, emitter: Emitter, outputs: Sequence[str]) -> list[Any]:
    """Emits the network of the one .pth or .pth.tar of a folder and returns its outputs."""
    ending = ".tar" if any(folder.glob("*.tar")) else ".pth"
    return _translate(read_torch_state(find_file(folder, ending)), emitter, outputs)


def _define(state: State) -> list[Layer]:
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
    return join_ends(emit_layers(_define(state), (3, -1, -1), emitter), outputs, emitter)


def _read_body(state: State) -> list[Layer]:
    """Returns the body network: (N, 3, H, W) to heatmaps and part affinity fields.

    It ends in ``L1``, the fields (N, 38, H / 8, W / 8), and ``L2``, the heatmaps (N, 19, H / 8,
    W / 8). The last heatmaps pass a ReLU, since PaddleHub's list of layers without one lacks them.
    """
    net = StateLayers(state)
    names = (*_VGG, "conv4_3_CPM", "conv4_4_CPM")
    front = _sequence(net, "model0", names, INPUT_NAME, last_relu=True)
    ends = {}
    for branch in (1, 2):
        stack = [f"conv5_{i}_CPM_L{branch}" for i in range(1, 6)]
        ends[branch] = _sequence(net, f"model1_{branch}", stack, front)
    for stage in range(2, _STAGES + 1):
        joined = net.concat(f"stage{stage}", (ends[1], ends[2], front))
        for branch in (1, 2):
            stack = [f"Mconv{i}_stage{stage}_L{branch}" for i in range(1, 8)]
            block, is_last = f"model{stage}_{branch}", (stage, branch) == (_STAGES, 2)
            ends[branch] = _sequence(net, block, stack, joined, last_relu=is_last)
    return net.finish()


def _read_hand(state: State) -> list[Layer]:
    net = StateLayers(state)
    names = (*_VGG, "conv4_3", "conv4_4", "conv5_1", "conv5_2", "conv5_3_CPM")
    front = _sequence(net, "model1_0", names, INPUT_NAME, last_relu=True)
    end = _sequence(net, "model1_1", ("conv6_1_CPM", "conv6_2_CPM"), front)
    for stage in range(2, _STAGES + 1):
        joined = net.concat(f"stage{stage}", (end, front))
        stack = [f"Mconv{i}_stage{stage}" for i in range(1, 8)]
        end = _sequence(net, f"model{stage}", stack, joined)
    return net.finish()


def _sequence(
    net: StateLayers, block: str, names: Sequence[str], x: str, *, last_relu: bool = False
) -> str:
    for index, name in enumerate(names):
        if name == _POOL:
            x = net.max_pool(f"{block}.pool{index}", x, size=2, stride=2)
            continue
        x = net.convolution(f"{block}.{name}", x)
        if last_relu or name != names[-1]:
            x = net.relu(x)
    return x


def _read_pose_resnet(state: State) -> list[Layer]:
    """Returns the network of 50, 101 or 152 layers: (N, 3, H, W) to (N, K, H / 4, W / 4).

    Batch normalisations are folded into the convolutions before them.
    """
    net = StateLayers(state)
    x = net.relu(net.convolution("conv1", INPUT_NAME, stride=2, normalised_by="bn1"))
    x = net.max_pool("maxpool", x, size=3, stride=2, padding=1)
    for group in range(1, 5):
        for index in range(_MAX_BLOCKS):
            block = f"layer{group}.{index}"
            if not net.has(f"{block}.conv1"):
                break
            x = _bottleneck(net, block, x, stride=2 if group > 1 and index == 0 else 1)
    for index in range(3):  # Each is followed by its normalisation and a ReLU.
        name, normalisation = f"deconv_layers.{3 * index}", f"deconv_layers.{3 * index + 1}"
        x = net.relu(net.upsampling(name, x, normalised_by=normalisation))
    net.convolution("final_layer", x)
    return net.finish()


def _bottleneck(net: StateLayers, block: str, x: str, *, stride: int) -> str:
    y = net.relu(net.convolution(f"{block}.conv1", x, normalised_by=f"{block}.bn1"))
    y = net.convolution(f"{block}.conv2", y, stride=stride, normalised_by=f"{block}.bn2")
    y = net.convolution(f"{block}.conv3", net.relu(y), normalised_by=f"{block}.bn3")
    if net.has(f"{block}.downsample.0"):
        name, normalisation = f"{block}.downsample.0", f"{block}.downsample.1"
        x = net.convolution(name, x, stride=stride, normalised_by=normalisation)
    return net.relu(net.sum(f"{block}.sum", (y, x)))


# A parameter that only this network has, and the function that defines its layers.
_NETWORKS: Final = {
    "model0.conv1_1.weight": _read_body,
    "model1_0.conv1_1.weight": _read_hand,
    "deconv_layers.0.weight": _read_pose_resnet,
}
