"""OpenPose's body and hand networks as PaddleHub defines them.

Source: Cao et al., "OpenPose: Realtime Multi-Person 2D Pose Estimation using Part Affinity Fields",
2018, and Simon et al., "Hand Keypoint Detection in Single Images using Multiview Bootstrapping",
2017; names of parameters and the use of ReLU as in PaddleHub's openpose_body_estimation and
openpose_hands_estimation 1.1.0.
"""

from collections.abc import Sequence
from typing import Final

from posewire_server.models.weights.importers.architectures.state import StateLayers
from posewire_server.models.weights.importers.paddle_format.paddle_state import State
from posewire_server.models.weights.importers.program.emitter import INPUT_NAME
from posewire_server.models.weights.importers.program.layers import Layer

BODY_STAGES: Final = 6
HAND_STAGES: Final = 6
_POOL: Final = "pool"
_VGG: Final = (
    *("conv1_1", "conv1_2", _POOL, "conv2_1", "conv2_2", _POOL),
    *("conv3_1", "conv3_2", "conv3_3", "conv3_4", _POOL, "conv4_1", "conv4_2"),
)


def read_body(state: State) -> list[Layer]:
    """Returns the body network: (N, 3, H, W) to heatmaps and part affinity fields.

    It ends in ``L1``, the fields (N, 38, H / 8, W / 8), and ``L2``, the heatmaps (N, 19, H / 8,
    W / 8). The last heatmaps pass a ReLU, since PaddleHub's list of layers without one lacks them.

    Raises:
        WeightsError: WEIGHTS_UNSUPPORTED where the state is of another network.
    """
    net = StateLayers(state)
    names = (*_VGG, "conv4_3_CPM", "conv4_4_CPM")
    front = _sequence(net, "model0", names, INPUT_NAME, last_relu=True)
    ends = {
        branch: _sequence(
            net, f"model1_{branch}", [f"conv5_{i}_CPM_L{branch}" for i in range(1, 6)], front
        )
        for branch in (1, 2)
    }
    for stage in range(2, BODY_STAGES + 1):
        joined = net.concat(f"stage{stage}", (ends[1], ends[2], front))
        for branch in (1, 2):
            stack = [f"Mconv{i}_stage{stage}_L{branch}" for i in range(1, 8)]
            is_last = (stage, branch) == (BODY_STAGES, 2)
            ends[branch] = _sequence(
                net, f"model{stage}_{branch}", stack, joined, last_relu=is_last
            )
    return net.finish()


def read_hand(state: State) -> list[Layer]:
    """Returns the hand network: (N, 3, H, W) to heatmaps (N, 22, H / 8, W / 8).

    Raises:
        WeightsError: WEIGHTS_UNSUPPORTED where the state is of another network.
    """
    net = StateLayers(state)
    names = (*_VGG, "conv4_3", "conv4_4", "conv5_1", "conv5_2", "conv5_3_CPM")
    front = _sequence(net, "model1_0", names, INPUT_NAME, last_relu=True)
    end = _sequence(net, "model1_1", ("conv6_1_CPM", "conv6_2_CPM"), front)
    for stage in range(2, HAND_STAGES + 1):
        joined = net.concat(f"stage{stage}", (end, front))
        stack = [f"Mconv{i}_stage{stage}" for i in range(1, 8)]
        end = _sequence(net, f"model{stage}", stack, joined)
    return net.finish()


def _sequence(
    net: StateLayers, block: str, names: Sequence[str], x: str, *, last_relu: bool = False
) -> str:
    """Adds convolutions, each with a ReLU but for the last, and poolings; returns the output."""
    for index, name in enumerate(names):
        if name == _POOL:
            x = net.max_pool(f"{block}.pool{index}", x, size=2, stride=2)
            continue
        x = net.convolution(f"{block}.{name}", x)
        if last_relu or name != names[-1]:
            x = net.relu(x)
    return x
