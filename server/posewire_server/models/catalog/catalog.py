"""The models posewire serves, as data: a model is one entry here."""

from dataclasses import replace

from posewire_server.errors import ErrorReason, ModelError
from posewire_server.models.catalog.mediapipe_models import FACE, FACE_MESH, HAND
from posewire_server.models.catalog.mediapipe_networks import BLAZEPOSE, POSE_DETECTION
from posewire_server.models.catalog.networks import EFFICIENTPOSE, TFPOSE
from posewire_server.models.catalog.original_models import ORIGINAL_MODELS
from posewire_server.models.catalog.spec import ModelSpec, UserSource
from posewire_server.skeletons import BLAZEPOSE33, MPII16, OPENPOSE18, WHOLEBODY128

BODY = ModelSpec(
    name="body",
    aliases=("openpose_body_estimation",),
    skeleton=OPENPOSE18,
    family="part-affinity",
    networks=(TFPOSE,),
    modes=("fast", "openpose", "paddlehub"),
    default_mode="fast",
    # Its maps are faint. Its peaks lie to the right, because its training mirrored every second
    # picture and took pixel x of W to W - x instead of W - 1 - x; on pictures and their mirror
    # images the distance is 0.42 to 0.47.
    tuning=(
        ("peak_threshold", 0.05),
        ("sample_min", 0.02),
        ("misses_max", 3),
        ("share_min", 0.3),
        ("score_min", 0.2),
        ("bias_x", 0.45),
    ),
)

# One person fills the picture, or each box. ``mirror`` averages with the mirror image: half as much
# work again as ``dark``, and 3 points of PCKh@0.5 more in boxes; hardly any in crops by the body.
PERSON = ModelSpec(
    name="person",
    aliases=("human_pose_estimation_resnet50_mpii",),
    skeleton=MPII16,
    family="person",
    networks=(EFFICIENTPOSE,),
    modes=("mirror", "dark", "quarter"),
    default_mode="mirror",
)

# Any number of persons, which the body network finds for the same network.
PEOPLE = replace(
    PERSON,
    name="people",
    aliases=(),
    networks=(EFFICIENTPOSE, TFPOSE),
    modes=("dark", "quarter", "mirror"),
    default_mode="dark",
)

PERSON_BLAZE = ModelSpec(
    name="person-blaze",
    aliases=(),
    skeleton=BLAZEPOSE33,
    family="blazepose",
    networks=(BLAZEPOSE, POSE_DETECTION),
    modes=("thorough", "mediapipe"),
    default_mode="thorough",
)

WHOLEBODY = ModelSpec(
    name="wholebody",
    aliases=(),
    skeleton=WHOLEBODY128,
    family="whole-body",
    networks=(TFPOSE, *HAND.networks[:1], *FACE.networks[:1]),
    modes=BODY.modes,
    default_mode=BODY.default_mode,
)

CATALOG: tuple[ModelSpec, ...] = (
    *(BODY, PERSON, PEOPLE, PERSON_BLAZE, WHOLEBODY, HAND, FACE, FACE_MESH),
    *ORIGINAL_MODELS,
)


DOWNLOADABLE: tuple[ModelSpec, ...] = tuple(
    spec
    for spec in CATALOG
    if not any(isinstance(network.source, UserSource) for network in spec.networks)
)


def find_model(name: str) -> ModelSpec:
    """Returns the model of a name or alias.

    Raises:
        ModelError: MODEL_UNKNOWN; the text lists the names there are.
    """
    for spec in CATALOG:
        if name == spec.name or name in spec.aliases:
            return spec
    known = ", ".join(spec.name for spec in CATALOG)
    problem = f"no model is named {name!r}" if name else "model must be set"
    text = f"{problem}; there are: {known}"
    raise ModelError(ErrorReason.MODEL_UNKNOWN, text, model=name, known=known)
