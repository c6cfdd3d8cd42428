"""Models whose weights users bring themselves: PaddleHub's systems with their own networks."""

from posewire_server.models.original_networks import (
    BODY_25,
    BODY_CMU,
    HAND_CMU,
    PERSON_RESNET50,
)
from posewire_server.models.spec import ModelSpec
from posewire_server.skeletons import HAND21, MPII16, OPENPOSE18, OPENPOSE25

ORIGINAL_MODELS = (
    ModelSpec(
        name="body-cmu",
        aliases=(),
        skeleton=OPENPOSE18,
        system="hub-body",
        networks=(BODY_CMU,),
        decoders=("openpose", "fast", "paddlehub"),
        default_decoder="openpose",
    ),
    ModelSpec(
        name="body-25",
        aliases=(),
        skeleton=OPENPOSE25,
        system="paf",
        networks=(BODY_25,),
        decoders=("openpose", "fast"),
        default_decoder="openpose",
    ),
    ModelSpec(
        name="hand-cmu",
        aliases=("openpose_hands_estimation",),
        skeleton=HAND21,
        system="hub-hand",
        networks=(HAND_CMU,),
        decoders=("dark", "paddlehub"),
        default_decoder="dark",
    ),
    ModelSpec(
        name="person-resnet50",
        aliases=(),
        skeleton=MPII16,
        system="hub-person",
        networks=(PERSON_RESNET50,),
        decoders=("quarter", "paddlehub"),
        default_decoder="quarter",
    ),
)
