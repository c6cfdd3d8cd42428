"""How far keypoints of one place may lie apart, as a share of the instance's size."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

# Standard deviations of COCO's labels in units of the root of a person's area (Lin et al., 2014;
# pycocotools), and by likeness for what COCO does not label.
_SIDED: Final = {
    "eye": 0.025,
    "ear": 0.035,
    "shoulder": 0.079,
    "elbow": 0.072,
    "wrist": 0.062,
    "hip": 0.107,
    "knee": 0.087,
    "ankle": 0.089,
    "big_toe": 0.089,
    "small_toe": 0.089,
    "heel": 0.089,
    "foot_index": 0.089,
}
_MIDDLE: Final = {
    "nose": 0.026,
    "neck": 0.079,
    "mid_hip": 0.107,
    "pelvis": 0.107,
    "thorax": 0.079,
    "upper_neck": 0.079,
    "head_top": 0.079,
}
_BODY: Final = _MIDDLE | {
    f"{side}_{name}": spread for side in ("right", "left") for name, spread in _SIDED.items()
}
# Of hands and faces.
_DEFAULT: Final = 0.04
# OKS falls by the root of e at twice the deviation.
_OKS_SCALE: Final = 2.0
# Root of a person's area over the diagonal of the box around the keypoints.
_AREA_SCALE: Final = 0.45
# Enough keypoints to tell instances apart.
_COMPARED: Final = 32


def spreads_of(names: Sequence[str]) -> Floats:
    """Returns for each keypoint where its OKS has fallen to 0.61, (K,), in diagonals of the box."""
    scale = _OKS_SCALE * _AREA_SCALE
    return np.array([scale * _BODY.get(name, _DEFAULT) for name in names])


def compared_of(names: Sequence[str]) -> npt.NDArray[np.intp]:
    """Returns the indices of the keypoints that tell instances apart.

    Those of the body where there is one: hands and faces are on it; else some of all.
    """
    body = [index for index, name in enumerate(names) if name in _BODY]
    step = max(1, len(names) // _COMPARED)
    return np.array(body or range(0, len(names), step), np.intp)


def diagonals(points: Floats) -> Floats:
    """Returns the diagonals of the boxes around points (P, K, 2), NaN where not found; (P,).

    At least 1 pixel.
    """
    low, high = np.fmin.reduce(points, 1), np.fmax.reduce(points, 1)
    sides = high - low
    return np.asarray(np.fmax(np.hypot(sides[:, 0], sides[:, 1]), 1.0))
