"""Models whose weights users import: those of PaddleHub and OpenPose, with their networks."""

from posewire_server.models.catalog.mediapipe_networks import FACE_FULL, FACE_SHORT
from posewire_server.models.catalog.spec import (
    InputSpec,
    ModelSpec,
    NetworkSpec,
    OutputSpec,
    UserSource,
)
from posewire_server.skeletons import HAND21, IBUG68, MPII16, OPENPOSE18, OPENPOSE25

_CMU_LICENCE = "OpenPose: academic or non-profit, non-commercial research use only"
_CMU_MEAN, _CMU_SCALE = (128.0, 128.0, 128.0), (1 / 256, 1 / 256, 1 / 256)
_IMAGENET_MEAN, _IMAGENET_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

BODY_CMU = NetworkSpec(
    name="body-cmu",
    input=InputSpec(height=368, max_width=1312, stride=8, mean=_CMU_MEAN, scale=_CMU_SCALE),
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
    input=InputSpec(height=368, max_width=1312, stride=8, mean=_CMU_MEAN, scale=_CMU_SCALE),
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
    input=InputSpec(height=368, max_width=1312, stride=1, mean=_CMU_MEAN, scale=_CMU_SCALE),
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
    input=InputSpec(
        height=384,
        max_width=384,
        stride=32,
        mean=(
            255 * _IMAGENET_MEAN[0],
            255 * _IMAGENET_MEAN[1],
            255 * _IMAGENET_MEAN[2],
        ),
        scale=(
            1 / (255 * _IMAGENET_DEVIATION[0]),
            1 / (255 * _IMAGENET_DEVIATION[1]),
            1 / (255 * _IMAGENET_DEVIATION[2]),
        ),
        is_fixed=True,
    ),
    outputs=(OutputSpec("", (16,), stride=4),),
    source=UserSource(
        label="pose_resnet_50_384x384.pth.tar (MPII) of microsoft/human-pose-estimation.pytorch, "
        "or the files of PaddleHub's human_pose_estimation_resnet50_mpii",
        licence="MIT",
        paddlehub_module="human_pose_estimation_resnet50_mpii",
    ),
    importer="original",
)

ORIGINAL_NETWORKS = (BODY_CMU, BODY_25, HAND_CMU, FACE_VANFACE, PERSON_RESNET50)

ORIGINAL_MODELS = (
    ModelSpec(
        name="body-cmu",
        aliases=(),
        skeleton=OPENPOSE18,
        family="original-body",
        networks=(BODY_CMU,),
        modes=("openpose", "fast", "paddlehub"),
        default_mode="openpose",
    ),
    ModelSpec(
        name="body-25",
        aliases=(),
        skeleton=OPENPOSE25,
        family="part-affinity",
        networks=(BODY_25,),
        modes=("fast",),  # The native core knows OpenPose's own way for 18 keypoints only.
        default_mode="fast",
    ),
    ModelSpec(
        name="hand-cmu",
        aliases=("openpose_hands_estimation",),
        skeleton=HAND21,
        family="original-hand",
        networks=(HAND_CMU,),
        modes=("dark", "paddlehub"),
        default_mode="dark",
    ),
    ModelSpec(
        name="face-vanface",
        aliases=(),
        skeleton=IBUG68,
        family="original-face",
        networks=(FACE_VANFACE, FACE_SHORT, FACE_FULL),
        modes=("vanface", "paddlehub"),
        default_mode="vanface",
    ),
    ModelSpec(
        name="person-resnet50",
        aliases=(),
        skeleton=MPII16,
        family="original-person",
        networks=(PERSON_RESNET50,),
        modes=("quarter", "paddlehub"),
        default_mode="quarter",
    ),
)
