"""The networks of MediaPipe, from its wheel: hands, faces, and persons with depth.

Detectors answer a box with keypoints and a logit for every anchor; see ``decode.anchors``. Points
are in pixels of the network's input.
"""

from posewire_server.models.catalog.spec import InputSpec, NetworkSpec, OutputSpec, WheelSource


def _square(side: int, *, is_signed: bool) -> InputSpec:
    middle, half = (127.5, 127.5) if is_signed else (0.0, 255.0)
    pad = -1.0 if is_signed else 0.0
    return InputSpec(side, side, 1, "RGB", (middle,) * 3, (1 / half,) * 3, pad, is_fixed=True)


def _in_wheel(path: str) -> WheelSource:
    return WheelSource(
        package="mediapipe",
        version="0.10.21",
        sha256="05dc4a9e593655a79558d05d6227d31018c2537a4bd3362b51e230cf22aecfe3",
        members=(f"mediapipe/modules/{path}.tflite",),
        size_bytes=35_622_638,
        licence="Apache-2.0",
        # The wheel was built for one platform; what is read from it suits all.
        pip_options=(
            "--only-binary=:all:",
            "--platform=manylinux_2_28_x86_64",
            "--python-version=3.11",
            "--implementation=cp",
            "--abi=cp311",
        ),
    )


PALM = NetworkSpec(
    name="palm",
    input=_square(192, is_signed=False),
    outputs=(OutputSpec("Identity", (2016, 18)), OutputSpec("Identity_1", (2016, 1))),
    source=_in_wheel("palm_detection/palm_detection_full"),
    importer="tflite",
    golden="palm.npz",
)

# Keypoints x, y, z; the probability of a hand; the probability that it is a right hand.
HAND = NetworkSpec(
    name="hand",
    input=_square(224, is_signed=False),
    outputs=(
        OutputSpec("Identity", (63,)),
        OutputSpec("Identity_1", (1,)),
        OutputSpec("Identity_2", (1,)),
    ),
    source=_in_wheel("hand_landmark/hand_landmark_full"),
    importer="tflite",
    golden="hand.npz",
)

FACE_SHORT = NetworkSpec(
    name="face-short",
    input=_square(128, is_signed=True),
    outputs=(OutputSpec("regressors", (896, 16)), OutputSpec("classificators", (896, 1))),
    source=_in_wheel("face_detection/face_detection_short_range"),
    importer="tflite",
    golden="face-short.npz",
)

FACE_FULL = NetworkSpec(
    name="face-full",
    input=_square(192, is_signed=True),
    outputs=(OutputSpec("Identity", (2304, 16)), OutputSpec("Identity_1", (2304, 1))),
    source=_in_wheel("face_detection/face_detection_full_range_sparse"),
    importer="tflite",
    golden="face-full.npz",
)

# 468 vertices x, y, z; the logit of a face.
FACE_MESH = NetworkSpec(
    name="face-mesh",
    input=_square(192, is_signed=False),
    outputs=(OutputSpec("conv2d_21", (1404,)), OutputSpec("conv2d_31", (1,))),
    source=_in_wheel("face_landmark/face_landmark"),
    importer="tflite",
    golden="face-mesh.npz",
)

POSE_DETECTION = NetworkSpec(
    name="pose-detection",
    input=_square(224, is_signed=True),
    outputs=(OutputSpec("Identity", (2254, 12)), OutputSpec("Identity_1", (2254, 1))),
    source=_in_wheel("pose_detection/pose_detection"),
    importer="tflite",
    golden="pose-detection.npz",
)

# 33 keypoints and 6 that turn the next crop: x, y, z, and logits of visibility and presence; the
# probability of a person. Its heatmaps and its segmentation are left out: they cost a fifth more.
BLAZEPOSE = NetworkSpec(
    name="blazepose",
    input=_square(256, is_signed=False),
    outputs=(OutputSpec("Identity", (195,)), OutputSpec("Identity_1", (1,))),
    source=_in_wheel("pose_landmark/pose_landmark_full"),
    importer="tflite",
    golden="blazepose.npz",
)

MEDIAPIPE_NETWORKS = (PALM, HAND, FACE_SHORT, FACE_FULL, FACE_MESH, POSE_DETECTION, BLAZEPOSE)
