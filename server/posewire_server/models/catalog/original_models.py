"""Models whose weights users bring themselves: PaddleHub's systems with their own networks."""

from posewire_server.models.catalog.mediapipe_networks import FACE_FULL, FACE_SHORT
from posewire_server.models.catalog.original_networks import (
    BODY_25,
    BODY_CMU,
    FACE_VANFACE,
    HAND_CMU,
    PERSON_RESNET50,
)
from posewire_server.models.catalog.spec import ModelSpec
from posewire_server.skeletons import HAND21, IBUG68, MPII16, OPENPOSE18, OPENPOSE25

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
