"""Models whose weights users bring themselves: PaddleHub's systems with their own networks."""

from posewire_server.models.original_networks import BODY_25, BODY_CMU
from posewire_server.models.spec import ModelSpec
from posewire_server.skeletons import OPENPOSE18, OPENPOSE25

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
)
