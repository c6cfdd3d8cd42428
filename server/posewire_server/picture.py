"""A frame's pixels, at full size or reduced."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


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
