"""The models posewire serves, as data: a model is one entry here."""

from dataclasses import replace

from posewire_server.errors import ErrorReason, ModelError
from posewire_server.models.catalog import mediapipe_networks as mediapipe
from posewire_server.models.catalog.network_catalog import (
    BODY_25,
    BODY_CMU,
    EFFICIENTPOSE,
    FACE_VANFACE,
    HAND_CMU,
    PERSON_RESNET50,
    TFPOSE,
)
from posewire_server.models.catalog.spec import ModelSpec, UserSource
from posewire_server.skeletons import (
    BLAZEPOSE33,
    FACEMESH468,
    HAND21,
    IBUG68,
    MPII16,
    OPENPOSE18,
    OPENPOSE25,
    WHOLEBODY128,
)

BODY = ModelSpec(
    name="body",
    aliases=("openpose_body_estimation",),
    skeleton=OPENPOSE18,
    family="part-affinity",
    networks=(TFPOSE,),
    modes=("fast", "openpose", "paddlehub"),
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
)

# Any number of persons: the body network finds them for the same network.
PEOPLE = replace(
    PERSON,
    name="people",
    aliases=(),
    networks=(EFFICIENTPOSE, TFPOSE),
    modes=("dark", "quarter", "mirror"),
)

# In MediaPipe's models the mode ``thorough`` looks at the whole picture and at tiles of it;
# ``mediapipe`` looks once, and reads each instance once, as MediaPipe does.
HAND = ModelSpec(
    name="hand",
    aliases=("hand_pose_localization",),
    skeleton=HAND21,
    family="hand",
    networks=(mediapipe.HAND, mediapipe.PALM),
    modes=("thorough", "mediapipe"),
)

FACE = ModelSpec(
    name="face",
    aliases=("face_landmark_localization",),
    skeleton=IBUG68,
    family="face",
    networks=(mediapipe.FACE_MESH, mediapipe.FACE_SHORT, mediapipe.FACE_FULL),
    modes=("thorough", "mediapipe"),
)

FACE_MESH = replace(FACE, name="face-mesh", aliases=(), skeleton=FACEMESH468)

PERSON_BLAZE = ModelSpec(
    name="person-blaze",
    skeleton=BLAZEPOSE33,
    family="blazepose",
    networks=(mediapipe.BLAZEPOSE, mediapipe.POSE_DETECTION),
    modes=("thorough", "mediapipe"),
)

WHOLEBODY = ModelSpec(
    name="wholebody",
    skeleton=WHOLEBODY128,
    family="whole-body",
    networks=(TFPOSE, mediapipe.HAND, mediapipe.FACE_MESH),
    modes=BODY.modes,
)

# Models whose weights users import: those of PaddleHub and OpenPose.
_ORIGINALS = (
    ModelSpec(
        "body-cmu", OPENPOSE18, "original-body", (BODY_CMU,), ("openpose", "fast", "paddlehub")
    ),
    # The native core knows OpenPose's own way for 18 keypoints only.
    ModelSpec("body-25", OPENPOSE25, "part-affinity", (BODY_25,), ("fast",)),
    ModelSpec(
        name="hand-cmu",
        aliases=("openpose_hands_estimation",),
        skeleton=HAND21,
        family="original-hand",
        networks=(HAND_CMU,),
        modes=("dark", "paddlehub"),
    ),
    ModelSpec(
        name="face-vanface",
        skeleton=IBUG68,
        family="original-face",
        networks=(FACE_VANFACE, mediapipe.FACE_SHORT, mediapipe.FACE_FULL),
        modes=("vanface", "paddlehub"),
    ),
    ModelSpec(
        "person-resnet50", MPII16, "original-person", (PERSON_RESNET50,), ("quarter", "paddlehub")
    ),
)

CATALOG = (BODY, PERSON, PEOPLE, PERSON_BLAZE, WHOLEBODY, HAND, FACE, FACE_MESH, *_ORIGINALS)

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
