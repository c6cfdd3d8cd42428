"""A frame's pixels, at full size or reduced."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Reduce: TypeAlias = Callable[[tuple[int, int]], int]
"""From the (W, H) of a frame to how far it may be reduced when it is read: 1, 2, 4 or 8."""


@dataclass(frozen=True, eq=False)
class Picture:
    """Pixels to look at, and the frame they stand for.

    Attributes:
        image: (h, w, 3) uint8 BGR.
        size: (W, H) of the frame.
        reduction: Each pixel of ``image`` covers so many pixels of the frame either way; those of
            the last row and column may reach over its edge.
    """

    image: npt.NDArray[np.uint8]
    size: tuple[int, int]
    reduction: int = 1


def full_size(_size: tuple[int, int]) -> int:
    """Reduces no frame; a ``Reduce``."""
    return 1


def picture_of(image: npt.NDArray[np.uint8]) -> Picture:
    """Returns the picture of a (H, W, 3) uint8 BGR image at full size."""
    return Picture(image, (image.shape[1], image.shape[0]))
