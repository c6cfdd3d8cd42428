"""The normalised mean error (NME) of faces."""

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def errors_of_instances(distances: Array) -> Array:
    """Returns the mean distance of each instance that was found.

    Args:
        distances: (N, K) in units of the size; NaN where not labelled, infinite where not found.

    Returns:
        (M,) float64, of the M instances with a keypoint that was found.
    """
    finite = np.isfinite(distances)
    found = finite.any(axis=1)
    sums = np.where(finite, distances, 0.0).sum(axis=1)
    return np.asarray(sums[found] / finite.sum(axis=1)[found])


def nme(distances: Array) -> float:
    """Returns the mean over the instances found of their mean distance; NaN where none was."""
    errors = errors_of_instances(distances)
    return float(errors.mean()) if errors.size else float("nan")
