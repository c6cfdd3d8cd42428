"""Skeletons as tables: ordered keypoint names, limbs and symmetric pairs."""

from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class Skeleton:
    """Ordered keypoint names and the limbs that connect them.

    Attributes:
        name: For instance ``openpose18``.
        keypoints: Names in order; an index into it identifies a keypoint everywhere.
        limbs: Pairs of indices, in the order of the network's part affinity fields.
        symmetric_pairs: (right, left) pairs of indices that change places in a mirrored image.
        limb_lengths: Length of each limb as a share of a person's height. 0: the limb follows no
            bone. Empty: the lengths are not known.
    """

    name: str
    keypoints: tuple[str, ...]
    limbs: tuple[tuple[int, int], ...]
    symmetric_pairs: tuple[tuple[int, int], ...]
    limb_lengths: tuple[float, ...] = ()


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# The COCO order of OpenPose (Cao et al., 2017): COCO's 17 keypoints and the neck.
OPENPOSE18 = Skeleton(
    name="openpose18",
    keypoints=_names(
        "nose neck right_shoulder right_elbow right_wrist left_shoulder left_elbow left_wrist "
        "right_hip right_knee right_ankle left_hip left_knee left_ankle "
        "right_eye left_eye right_ear left_ear"
    ),
    limbs=(
        *((1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7)),
        *((1, 8), (8, 9), (9, 10), (1, 11), (11, 12), (12, 13)),
        *((1, 0), (0, 14), (14, 16), (0, 15), (15, 17), (2, 16), (5, 17)),
    ),
    symmetric_pairs=((2, 5), (3, 6), (4, 7), (8, 11), (9, 12), (10, 13), (14, 15), (16, 17)),
    # Body segments of Drillis and Contini (1966); those of the head by estimate.
    limb_lengths=(
        *(0.129, 0.129, 0.186, 0.146, 0.186, 0.146),
        *(0.303, 0.245, 0.246, 0.303, 0.245, 0.246),
        *(0.12, 0.035, 0.05, 0.035, 0.05, 0.0, 0.0),
    ),
)

# The PAF channels of x and y of each limb, counted from the first PAF channel.
OPENPOSE18_PAF_CHANNELS = (
    *((12, 13), (20, 21), (14, 15), (16, 17), (22, 23), (24, 25)),
    *((0, 1), (2, 3), (4, 5), (6, 7), (8, 9), (10, 11)),
    *((28, 29), (30, 31), (34, 35), (32, 33), (36, 37), (18, 19), (26, 27)),
)

# OpenPose's 25 keypoints (Hidalgo et al., "Single-Network Whole-Body Pose Estimation", 2019): those
# of OPENPOSE18, the middle of the hips, and the feet.
OPENPOSE25 = Skeleton(
    name="openpose25",
    keypoints=(
        *OPENPOSE18.keypoints[:8],
        "mid_hip",
        *OPENPOSE18.keypoints[8:],
        *_names("left_big_toe left_small_toe left_heel right_big_toe right_small_toe right_heel"),
    ),
    limbs=(
        *((1, 8), (1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7)),
        *((8, 9), (9, 10), (10, 11), (8, 12), (12, 13), (13, 14)),
        *((1, 0), (0, 15), (15, 17), (0, 16), (16, 18), (2, 17), (5, 18)),
        *((14, 19), (19, 20), (14, 21), (11, 22), (22, 23), (11, 24)),
    ),
    symmetric_pairs=(
        *((2, 5), (3, 6), (4, 7), (9, 12), (10, 13), (11, 14), (15, 16), (17, 18)),
        *((22, 19), (23, 20), (24, 21)),
    ),
    # As OPENPOSE18's; feet by the same source's length of a foot.
    limb_lengths=(
        *(0.288, 0.129, 0.129, 0.186, 0.146, 0.186, 0.146),
        *(0.0955, 0.245, 0.246, 0.0955, 0.245, 0.246),
        *(0.12, 0.035, 0.05, 0.035, 0.05, 0.0, 0.0),
        *(0.152, 0.055, 0.039, 0.152, 0.055, 0.039),
    ),
)

# The PAF channels by skeleton, for networks that answer part affinity fields.
PAF_CHANNELS = {
    OPENPOSE18.name: OPENPOSE18_PAF_CHANNELS,
    OPENPOSE25.name: (
        *((0, 1), (14, 15), (22, 23), (16, 17), (18, 19), (24, 25), (26, 27)),
        *((6, 7), (2, 3), (4, 5), (8, 9), (10, 11), (12, 13)),
        *((30, 31), (32, 33), (36, 37), (34, 35), (38, 39), (20, 21), (28, 29)),
        *((40, 41), (42, 43), (44, 45), (46, 47), (48, 49), (50, 51)),
    ),
}

# The order of the COCO keypoint task; its labels are scored in it, no model answers in it.
COCO17 = Skeleton(
    name="coco17",
    keypoints=_names(
        "nose left_eye right_eye left_ear right_ear left_shoulder right_shoulder left_elbow "
        "right_elbow left_wrist right_wrist left_hip right_hip left_knee right_knee left_ankle "
        "right_ankle"
    ),
    limbs=(),
    symmetric_pairs=((2, 1), (4, 3), (6, 5), (8, 7), (10, 9), (12, 11), (14, 13), (16, 15)),
)


# The order of the MPII Human Pose dataset (Andriluka et al., 2014): 16 joints, the legs first.
MPII16 = Skeleton(
    name="mpii16",
    keypoints=_names(
        "right_ankle right_knee right_hip left_hip left_knee left_ankle pelvis thorax upper_neck "
        "head_top right_wrist right_elbow right_shoulder left_shoulder left_elbow left_wrist"
    ),
    limbs=(
        *((0, 1), (1, 2), (2, 6), (6, 3), (3, 4), (4, 5), (6, 7), (7, 8), (8, 9)),
        *((7, 12), (12, 11), (11, 10), (7, 13), (13, 14), (14, 15)),
    ),
    symmetric_pairs=((0, 5), (1, 4), (2, 3), (10, 15), (11, 14), (12, 13)),
    limb_lengths=(
        *(0.246, 0.245, 0.0955, 0.0955, 0.245, 0.246, 0.288, 0.0, 0.13),
        *(0.129, 0.186, 0.146, 0.129, 0.186, 0.146),
    ),
)

# The order of BlazePose (Bazarevsky et al., 2020): the face, arms with hands, legs with feet.
BLAZEPOSE33 = Skeleton(
    name="blazepose33",
    keypoints=_names(
        "nose left_eye_inner left_eye left_eye_outer right_eye_inner right_eye right_eye_outer "
        "left_ear right_ear mouth_left mouth_right left_shoulder right_shoulder left_elbow "
        "right_elbow left_wrist right_wrist left_pinky right_pinky left_index right_index "
        "left_thumb right_thumb left_hip right_hip left_knee right_knee left_ankle right_ankle "
        "left_heel right_heel left_foot_index right_foot_index"
    ),
    limbs=(
        *((0, 1), (1, 2), (2, 3), (3, 7), (0, 4), (4, 5), (5, 6), (6, 8), (9, 10)),
        *((11, 12), (11, 13), (13, 15), (15, 17), (15, 19), (15, 21), (17, 19)),
        *((12, 14), (14, 16), (16, 18), (16, 20), (16, 22), (18, 20)),
        *((11, 23), (12, 24), (23, 24), (23, 25), (25, 27), (27, 29), (27, 31), (29, 31)),
        *((24, 26), (26, 28), (28, 30), (28, 32), (30, 32)),
    ),
    symmetric_pairs=(
        *((4, 1), (5, 2), (6, 3), (8, 7), (10, 9), (12, 11), (14, 13), (16, 15)),
        *((18, 17), (20, 19), (22, 21), (24, 23), (26, 25), (28, 27), (30, 29), (32, 31)),
    ),
)

# The hand of Simon et al. (2017): the wrist, then each finger from the palm to its tip.
HAND21 = Skeleton(
    name="hand21",
    keypoints=_names(
        "wrist thumb_cmc thumb_mcp thumb_ip thumb_tip index_mcp index_pip index_dip index_tip "
        "middle_mcp middle_pip middle_dip middle_tip ring_mcp ring_pip ring_dip ring_tip "
        "little_mcp little_pip little_dip little_tip"
    ),
    limbs=tuple((0 if n % 4 == 1 else n - 1, n) for n in range(1, 21)),
    symmetric_pairs=(),
)

# The 68 points of iBUG's 300-W (Sagonas et al., 2013), whose sides are those of the person.
_IBUG68_PARTS = (
    *(("jaw", 17), ("right_brow", 5), ("left_brow", 5), ("nose_bridge", 4), ("nostrils", 5)),
    *(("right_eye", 6), ("left_eye", 6), ("outer_lip", 12), ("inner_lip", 8)),
)
IBUG68 = Skeleton(
    name="ibug68",
    keypoints=tuple(f"{part}_{n}" for part, count in _IBUG68_PARTS for n in range(1, count + 1)),
    limbs=(
        *((n, n + 1) for n in range(67) if n not in {16, 21, 26, 30, 35, 41, 47, 59}),
        *((41, 36), (47, 42), (59, 48), (67, 60)),
    ),
    symmetric_pairs=(
        *((n, 16 - n) for n in range(8)),
        *((n, 43 - n) for n in range(17, 22)),
        *((31, 35), (32, 34), (36, 45), (37, 44), (38, 43), (39, 42), (40, 47), (41, 46)),
        *((48, 54), (49, 53), (50, 52), (59, 55), (58, 56), (60, 64), (61, 63), (67, 65)),
    ),
)

_LEFT_HAND, _RIGHT_HAND, _FACE = 18, 39, 60
# A person with both hands and the face: OPENPOSE18, HAND21 twice, the left one first, and IBUG68.
WHOLEBODY128 = Skeleton(
    name="wholebody128",
    keypoints=(
        *OPENPOSE18.keypoints,
        *(f"left_hand_{name}" for name in HAND21.keypoints),
        *(f"right_hand_{name}" for name in HAND21.keypoints),
        *(f"face_{name}" for name in IBUG68.keypoints),
    ),
    limbs=(
        *(*OPENPOSE18.limbs, (7, _LEFT_HAND), (4, _RIGHT_HAND)),
        *((a + first, b + first) for first in (_LEFT_HAND, _RIGHT_HAND) for a, b in HAND21.limbs),
        *((a + _FACE, b + _FACE) for a, b in IBUG68.limbs),
    ),
    symmetric_pairs=(
        *OPENPOSE18.symmetric_pairs,
        *((_RIGHT_HAND + n, _LEFT_HAND + n) for n in range(len(HAND21.keypoints))),
        *((a + _FACE, b + _FACE) for a, b in IBUG68.symmetric_pairs),
    ),
)

# MediaPipe's face mesh (Kartynnik et al., 2019): 468 vertices. Those of the middle and of the
# person's right come first, then those of the left in the order of their partners.
_MESH_MIDDLE = {
    *(0, 1, 2, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19),
    *(94, 151, 152, 164, 168, 175, 195, 197, 199, 200),
}
_MESH_PAIRS = tuple(
    zip((n for n in range(248) if n not in _MESH_MIDDLE), range(248, 468), strict=True)
)


def _mirrored(vertices: tuple[int, ...]) -> tuple[int, ...]:
    left_of = dict(_MESH_PAIRS)
    return tuple(left_of[vertex] for vertex in vertices)


# The contours of a face are runs of vertices.
_MESH_BROW = ((46, 53, 52, 65, 55), (70, 63, 105, 66, 107))
_MESH_EYE = (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246, 33)
_MESH_CONTOURS = (
    (  # oval
        *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
        *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109, 10),
    ),
    *_MESH_BROW,
    *map(_mirrored, _MESH_BROW),
    (168, 6, 197, 195, 5, 4),
    (98, 97, 2, 326, 327),
    _MESH_EYE,
    _mirrored(_MESH_EYE),
    (  # outer lip
        *(61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291),
        *(409, 270, 269, 267, 0, 37, 39, 40, 185, 61),
    ),
    (  # inner lip
        *(78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308),
        *(415, 310, 311, 312, 13, 82, 81, 80, 191, 78),
    ),
)

FACEMESH468 = Skeleton(
    name="facemesh468",
    keypoints=tuple(f"mesh_{vertex}" for vertex in range(468)),
    limbs=tuple(limb for contour in _MESH_CONTOURS for limb in pairwise(contour)),
    symmetric_pairs=_MESH_PAIRS,
)
