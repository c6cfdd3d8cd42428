"""Metrics over keypoint distances: PCK, its area under the curve, NME, and their curves.

PCK is the share of correct keypoints (Yang and Ramanan, 2013). A keypoint is correct if it is
nearer to its label than a threshold in units of the instance's size; one that was not found is
wrong. PCKh is PCK over the size of the head (Andriluka et al., 2014). NME is the normalised mean
error of faces.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def pck(distances: Array, threshold: float) -> float:
    """Returns the share of labelled keypoints that are correct, over all instances together.

    Args:
        distances: (N, K) in units of the size; NaN if not labelled, infinite if not found.
        threshold: In the same units.

    Returns:
        0..1, or NaN if nothing is labelled.
    """
    return _mean(distances[~np.isnan(distances)] < threshold)


def area_under_pck(distances: Array, highest: float) -> float:
    """Returns the exact mean of ``pck`` over all thresholds from 0 to ``highest`` (AUC)."""
    # A keypoint is correct for the thresholds above its distance.
    return _mean(np.clip(1.0 - distances[~np.isnan(distances)] / highest, 0.0, 1.0))


def mean_distance(distances: Array) -> float:
    """Returns the mean distance of the keypoints that were found (end-point error, EPE)."""
    return _mean(distances[np.isfinite(distances)])


def errors_of_instances(distances: Array) -> Array:
    """Returns the (M,) mean distances of the instances with a keypoint that was found."""
    finite = np.isfinite(distances)
    found = finite.any(axis=1)
    sums = np.where(finite, distances, 0.0).sum(axis=1)
    return np.asarray(sums[found] / finite.sum(axis=1)[found])


def nme(distances: Array) -> float:
    """Returns the mean over the found instances of their mean distance; NaN if none was found."""
    return _mean(errors_of_instances(distances))


def _mean(values: npt.NDArray[np.generic]) -> float:
    return float(values.mean()) if values.size else float("nan")


@dataclass(frozen=True, eq=False)
class Curve:
    """Line of a plot: values ``y`` in 0..1 over rising thresholds ``x``."""

    x_name: str
    y_name: str
    x: Array
    y: Array


def pck_curve(distances: Array, highest: float, size: str) -> Curve:
    """Returns PCK over its threshold, see ``pck``; ``size`` names the unit."""
    x = np.linspace(0.0, highest, 101)
    y = np.array([pck(distances, threshold) for threshold in x])
    return Curve(f"distance / {size}", "share of keypoints", x, y)


def ced_curve(distances: Array, highest: float, size: str) -> Curve:
    """Returns the cumulative error distribution: the share of instances with a lower mean error.

    Instances that were not found are never below: the curve ends at the share found.
    """
    x = np.linspace(0.0, highest, 101)
    errors = np.sort(errors_of_instances(distances))
    y = np.searchsorted(errors, x, side="right") / max(1, len(distances))
    return Curve(f"mean error / {size}", "share of instances", x, y)
