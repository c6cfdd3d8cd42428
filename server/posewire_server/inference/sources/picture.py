"""A frame's pixels, at full size or reduced."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from posewire_server.inference.sources.planes import Planes

Reduce: TypeAlias = Callable[[tuple[int, int]], int]
"""From the (W, H) of a frame to how far it may be reduced when it is read: 1, 2, 4 or 8."""


@dataclass(frozen=True, eq=False)
class Picture:
    """Pixels to look at, and the frame they stand for.

    Attributes:
        pixels: (h, w, 3) uint8 BGR, or what becomes that where it is looked at.
        size: (W, H) of the frame.
        reduction: Each pixel of ``pixels`` covers so many pixels of the frame either way; those of
            the last row and column may reach over its edge.
    """

    pixels: npt.NDArray[np.uint8] | Planes
    size: tuple[int, int]
    reduction: int = 1

    @cached_property
    def image(self) -> npt.NDArray[np.uint8]:
        """(h, w, 3) uint8 BGR."""
        return self.pixels.to_image() if isinstance(self.pixels, Planes) else self.pixels


def full_size(_size: tuple[int, int]) -> int:
    """Reduces no frame; a ``Reduce``."""
    return 1


def picture_of(image: npt.NDArray[np.uint8]) -> Picture:
    """Returns the picture of a (H, W, 3) uint8 BGR image at full size."""
    return Picture(image, (image.shape[1], image.shape[0]))
