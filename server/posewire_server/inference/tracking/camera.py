"""How the camera moved: what all instances have in common of what nobody expected."""

from typing import Final

import numpy as np
import numpy.typing as npt

from posewire_server.inference.tracking.similarity import centre

Floats = npt.NDArray[np.float64]

# Fewer instances may just as well have moved themselves.
_LEAST_INSTANCES: Final = 3


def camera_shift(expected: Floats, found: Floats) -> Floats:
    """Returns how far the picture moved against what was expected, (2,) in pixels.

    Args:
        expected: (M, K, 2) x, y of instances in pixels; NaN where not known.
        found: (M, K, 2) where they were found; NaN where not found.
    """
    if len(found) < _LEAST_INSTANCES:
        return np.zeros(2)
    shifts, _ = centre(found - expected)
    return np.asarray(np.median(shifts, axis=0))
