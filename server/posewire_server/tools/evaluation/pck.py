"""The share of correct keypoints (PCK), and what else is measured of limbs and hands.

A keypoint is correct that is nearer to its label than a threshold, in units of the instance's size;
one that was not found is wrong. PCK: Yang and Ramanan, 2013. PCKh, over the size of the head:
Andriluka et al., 2014.
"""

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def pck(distances: Array, threshold: float) -> float:
    """Returns the share of labelled keypoints that are correct, over all instances together.

    Args:
        distances: (N, K) in units of the size; NaN where not labelled, infinite where not found.
        threshold: In the same units.

    Returns:
        0..1, or NaN where nothing is labelled.
    """
    labelled = distances[~np.isnan(distances)]
    return float((labelled < threshold).mean()) if labelled.size else float("nan")


def area_under_pck(distances: Array, highest: float) -> float:
    """Returns the mean of ``pck`` over all thresholds from 0 to ``highest`` (AUC).

    It is exact, not a sum over steps: a keypoint is correct for the thresholds above its distance.
    """
    labelled = distances[~np.isnan(distances)]
    if not labelled.size:
        return float("nan")
    return float(np.clip(1.0 - labelled / highest, 0.0, 1.0).mean())


def mean_distance(distances: Array) -> float:
    """Returns the mean distance of the keypoints that were found (end-point error, EPE)."""
    found = distances[np.isfinite(distances)]
    return float(found.mean()) if found.size else float("nan")
