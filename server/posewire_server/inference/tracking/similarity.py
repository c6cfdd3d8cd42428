"""Object keypoint similarity (OKS, Lin et al., 2014) of poses with where they were expected."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


def similarity(expected: Floats, variances: Floats, found: Floats) -> tuple[Floats, Counts]:
    """Compares pairs of poses; shapes are broadcast.

    Args:
        expected: (..., K, 2) x, y in pixels; NaN where not known.
        variances: (..., K) v in square pixels: how far each may be from there.
        found: (..., K, 2) x, y in pixels; NaN where not found.

    Returns:
        (...) the mean over common keypoints of exp(-d^2 / 2 v), in [0, 1], 0 without any; and how
        many those are.
    """
    apart = expected - found
    apart *= apart
    near = np.exp((apart[..., 0] + apart[..., 1]) / (-2 * variances))
    common = near == near
    near[~common] = 0.0
    counts = common.sum(-1)
    return near.sum(-1) / np.maximum(counts, 1), counts


def centre(points: Floats) -> tuple[Floats, Counts]:
    """Returns the mean of the keypoints (P, K, 2) that are there, (P, 2), and their number (P,).

    It is (0, 0) where there is none.
    """
    there = points == points
    counts = there[:, :, 0].sum(1)
    return np.where(there, points, 0.0).sum(1) / np.maximum(counts, 1)[:, None], counts
