"""Object keypoint similarity (OKS, Lin et al., 2014) with each keypoint's deviation."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

# COCO's standard deviations of labels in units of the root of a person's area (Lin et al., 2014;
# pycocotools); those of similar keypoints for what COCO does not label.
_SIDED: Final = {
    "eye": 0.025,
    "ear": 0.035,
    "shoulder": 0.079,
    "elbow": 0.072,
    "wrist": 0.062,
    "hip": 0.107,
    "knee": 0.087,
    **dict.fromkeys(("ankle", "big_toe", "small_toe", "heel", "foot_index"), 0.089),
}
_MIDDLE: Final = {
    "nose": 0.026,
    **dict.fromkeys(("neck", "thorax", "upper_neck", "head_top"), 0.079),
    **dict.fromkeys(("mid_hip", "pelvis"), 0.107),
}
_BODY: Final = _MIDDLE | {
    f"{side}_{name}": sigma for side in ("right", "left") for name, sigma in _SIDED.items()
}
# Of hands and faces.
_DEFAULT: Final = 0.04
# OKS falls to 1 / sqrt(e) at twice the deviation.
_OKS_SCALE: Final = 2.0
# Root of a person's area over the diagonal of the box around the keypoints.
_AREA_SCALE: Final = 0.45
# Enough keypoints to distinguish instances.
_COMPARED: Final = 32


def similarity(expected: Floats, variances: Floats, found: Floats) -> tuple[Floats, Counts]:
    """Compares pairs of poses; shapes are broadcast.

    Args:
        expected: (..., K, 2) x, y in pixels; NaN if unknown.
        variances: (..., K) v in square pixels.
        found: (..., K, 2) x, y in pixels; NaN if not found.

    Returns:
        (...) the mean over common keypoints of exp(-d^2 / 2 v), in [0, 1], 0 without any; and
        (...) the number of common keypoints.
    """
    apart = expected - found
    apart *= apart
    near = np.exp((apart[..., 0] + apart[..., 1]) / (-2 * variances))
    common = near == near
    near[~common] = 0.0
    counts = common.sum(-1)
    return near.sum(-1) / np.maximum(counts, 1), counts


def sigmas_of(names: Sequence[str]) -> Floats:
    """Returns (K,) the distance at which the OKS of a keypoint is 0.61, in diagonals of the box."""
    scale = _OKS_SCALE * _AREA_SCALE
    return np.array([scale * _BODY.get(name, _DEFAULT) for name in names])


def compared_of(names: Sequence[str]) -> npt.NDArray[np.intp]:
    """Returns the indices of the keypoints that distinguish instances.

    They are those of the body if the skeleton has one, otherwise about 32 of all.
    """
    body = [index for index, name in enumerate(names) if name in _BODY]
    step = max(1, len(names) // _COMPARED)
    return np.array(body or range(0, len(names), step), np.intp)


def centroids(points: Floats) -> tuple[Floats, Counts]:
    """Returns (P, 2) the means of found keypoints (P, K, 2), 0 without any; (P,) their number."""
    found = points == points
    counts = found[:, :, 0].sum(1)
    return np.where(found, points, 0.0).sum(1) / np.maximum(counts, 1)[:, None], counts


def diagonals(points: Floats) -> Floats:
    """Returns (P,) diagonals, at least 1, of the boxes around points (P, K, 2); NaN: not found."""
    low, high = np.fmin.reduce(points, 1), np.fmax.reduce(points, 1)
    sides = high - low
    return np.asarray(np.fmax(np.hypot(sides[:, 0], sides[:, 1]), 1.0))
