"""How much boxes have in common."""

from typing import TypeVar

import numpy as np
import numpy.typing as npt

F = TypeVar("F", np.float32, np.float64)


def overlap(first: npt.NDArray[F], second: npt.NDArray[F]) -> npt.NDArray[F]:
    """Returns the intersection over the union of boxes, 0 where either is empty.

    Args:
        first: (..., 4): x_min, y_min, x_max, y_max; a box that ends before it begins is empty.
        second: (..., 4), of a shape that goes with the other's.
    """
    low = np.maximum(first[..., :2], second[..., :2])
    high = np.minimum(first[..., 2:], second[..., 2:])
    common = _area(low, high)
    both = _area(first[..., :2], first[..., 2:]) + _area(second[..., :2], second[..., 2:]) - common
    return np.asarray(np.divide(common, both, out=np.zeros_like(common), where=both > 0))


def _area(low: npt.NDArray[F], high: npt.NDArray[F]) -> npt.NDArray[F]:
    sides = np.where(high > low, high - low, 0)
    return np.asarray(sides.prod(axis=-1), low.dtype)
