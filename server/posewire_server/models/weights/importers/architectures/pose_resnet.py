"""The residual network with three upsamplings, from MSRA's checkpoints.

Source: Xiao et al., "Simple Baselines for Human Pose Estimation and Tracking", 2018; names of
parameters as in microsoft/human-pose-estimation.pytorch.
"""

from typing import Final

from posewire_server.models.weights.importers.architectures.state import StateLayers
from posewire_server.models.weights.importers.paddle_format.paddle_state import State
from posewire_server.models.weights.importers.program.emitter import INPUT_NAME
from posewire_server.models.weights.importers.program.layers import Layer

MAX_BLOCKS: Final = 64
_GROUPS: Final = 4
_UPSAMPLINGS: Final = 3


def read_pose_resnet(state: State) -> list[Layer]:
    """Returns the network of 50, 101 or 152 layers: (N, 3, H, W) to (N, K, H / 4, W / 4).

    Batch normalisations are folded into the convolutions before them.

    Raises:
        WeightsError: WEIGHTS_UNSUPPORTED where the state is of another network.
    """
    net = StateLayers(state)
    x = net.relu(net.convolution("conv1", INPUT_NAME, stride=2, normalised_by="bn1"))
    x = net.max_pool("maxpool", x, size=3, stride=2, padding=1)
    for group in range(1, _GROUPS + 1):
        for index in range(MAX_BLOCKS):
            block = f"layer{group}.{index}"
            if not net.has(f"{block}.conv1"):
                break
            x = _bottleneck(net, block, x, stride=2 if group > 1 and index == 0 else 1)
    for index in range(_UPSAMPLINGS):  # Each is followed by its normalisation and a ReLU.
        name, normalisation = f"deconv_layers.{3 * index}", f"deconv_layers.{3 * index + 1}"
        x = net.relu(net.upsampling(name, x, normalised_by=normalisation))
    net.convolution("final_layer", x)
    return net.finish()


def _bottleneck(net: StateLayers, block: str, x: str, *, stride: int) -> str:
    y = net.relu(net.convolution(f"{block}.conv1", x, normalised_by=f"{block}.bn1"))
    y = net.convolution(f"{block}.conv2", y, stride=stride, normalised_by=f"{block}.bn2")
    y = net.convolution(f"{block}.conv3", net.relu(y), normalised_by=f"{block}.bn3")
    if net.has(f"{block}.downsample.0"):
        x = net.convolution(
            f"{block}.downsample.0", x, stride=stride, normalised_by=f"{block}.downsample.1"
        )
    return net.relu(net.sum(f"{block}.sum", (y, x)))
