"""A figure over its threshold, to be drawn."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from posewire_server.tools.evaluation.nme import errors_of_instances
from posewire_server.tools.evaluation.pck import pck

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Curve:
    """A line in a plot.

    Attributes:
        x_name: What the thresholds are.
        y_name: What is drawn over them.
        x: (T,) float64, rising.
        y: (T,) float64 in 0..1.
    """

    x_name: str
    y_name: str
    x: Array
    y: Array


def pck_curve(distances: Array, highest: float, size: str) -> Curve:
    """Returns PCK over its threshold, see ``pck``.

    Args:
        distances: (N, K) in units of the size.
        highest: The last threshold.
        size: The unit, in words.
    """
    x = np.linspace(0.0, highest, 101)
    y = np.array([pck(distances, threshold) for threshold in x])
    return Curve(f"distance / {size}", "share of keypoints", x, y)


def ced_curve(distances: Array, highest: float, size: str) -> Curve:
    """Returns the cumulative error distribution: the share of instances with a lower mean error.

    Instances that were not found are never below, so the curve ends at the share found.

    Args:
        distances: (N, K) in units of the size.
        highest: The last threshold.
        size: The unit, in words.
    """
    x = np.linspace(0.0, highest, 101)
    errors = np.sort(errors_of_instances(distances))
    y = np.searchsorted(errors, x, side="right") / max(1, len(distances))
    return Curve(f"mean error / {size}", "share of instances", x, y)
