"""Object keypoint similarity (OKS, Lin et al., 2014) of poses with where they were expected."""

from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

# Poses with fewer keypoints in common count as if they had so many.
_LEAST_COMMON: Final = 4


def similarities(expected: Floats, variances: Floats, found: Floats) -> Floats:
    """Returns the mean over common keypoints of exp(-d^2 / 2 v), (T, P) in [0, 1].

    Args:
        expected: (T, K, 2) x, y in pixels; NaN where not known.
        variances: (T, K) v in square pixels: how far each may be from there.
        found: (P, K, 2) x, y in pixels; NaN where not found.
    """
    apart = expected[:, None] - found[None]
    squares = np.einsum("tpki,tpki->tpk", apart, apart)
    squares /= -2 * variances[:, None]
    near = np.exp(squares, out=squares)
    common = near == near
    near[~common] = 0.0
    return np.asarray(near.sum(2) / np.maximum(common.sum(2), _LEAST_COMMON))
