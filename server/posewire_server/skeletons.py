"""Skeletons as tables: ordered keypoint names, limbs and symmetric pairs."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Skeleton:
    """Ordered keypoint names and how they connect.

    Attributes:
        name: For instance ``openpose18``.
        keypoints: Names in order; an index into it identifies a keypoint everywhere.
        limbs: Pairs of indices, in the order of the network's part affinity fields.
        symmetric_pairs: (right, left) pairs of indices that change places in a mirrored image.
        limb_lengths: Of each limb as a share of a person's height, 0 where it follows no bone;
            empty where they are not known.
    """

    name: str
    keypoints: tuple[str, ...]
    limbs: tuple[tuple[int, int], ...]
    symmetric_pairs: tuple[tuple[int, int], ...]
    limb_lengths: tuple[float, ...] = ()


# The COCO order of OpenPose (Cao et al., 2017): COCO's 17 keypoints and the neck.
OPENPOSE18 = Skeleton(
    name="openpose18",
    keypoints=(
        "nose",
        "neck",
        "right_shoulder",
        "right_elbow",
        "right_wrist",
        "left_shoulder",
        "left_elbow",
        "left_wrist",
        "right_hip",
        "right_knee",
        "right_ankle",
        "left_hip",
        "left_knee",
        "left_ankle",
        "right_eye",
        "left_eye",
        "right_ear",
        "left_ear",
    ),
    limbs=(
        (1, 2),
        (1, 5),
        (2, 3),
        (3, 4),
        (5, 6),
        (6, 7),
        (1, 8),
        (8, 9),
        (9, 10),
        (1, 11),
        (11, 12),
        (12, 13),
        (1, 0),
        (0, 14),
        (14, 16),
        (0, 15),
        (15, 17),
        (2, 16),
        (5, 17),
    ),
    symmetric_pairs=((2, 5), (3, 6), (4, 7), (8, 11), (9, 12), (10, 13), (14, 15), (16, 17)),
    # Body segments of Drillis and Contini (1966); those of the head by estimate.
    limb_lengths=(
        0.129,
        0.129,
        0.186,
        0.146,
        0.186,
        0.146,
        0.303,
        0.245,
        0.246,
        0.303,
        0.245,
        0.246,
        0.12,
        0.035,
        0.05,
        0.035,
        0.05,
        0.0,
        0.0,
    ),
)

# The PAF channel of x and y for each limb of OPENPOSE18, counted from the first PAF channel.
OPENPOSE18_PAF_CHANNELS = (
    (12, 13),
    (20, 21),
    (14, 15),
    (16, 17),
    (22, 23),
    (24, 25),
    (0, 1),
    (2, 3),
    (4, 5),
    (6, 7),
    (8, 9),
    (10, 11),
    (28, 29),
    (30, 31),
    (34, 35),
    (32, 33),
    (36, 37),
    (18, 19),
    (26, 27),
)

# The order of the COCO keypoint task; its labels are scored in it, no model answers in it.
COCO17 = Skeleton(
    name="coco17",
    keypoints=(
        "nose",
        "left_eye",
        "right_eye",
        "left_ear",
        "right_ear",
        "left_shoulder",
        "right_shoulder",
        "left_elbow",
        "right_elbow",
        "left_wrist",
        "right_wrist",
        "left_hip",
        "right_hip",
        "left_knee",
        "right_knee",
        "left_ankle",
        "right_ankle",
    ),
    limbs=(),
    symmetric_pairs=((2, 1), (4, 3), (6, 5), (8, 7), (10, 9), (12, 11), (14, 13), (16, 15)),
)

SKELETONS = {skeleton.name: skeleton for skeleton in (OPENPOSE18,)}
