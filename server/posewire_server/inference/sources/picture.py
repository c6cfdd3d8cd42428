"""A frame's pixels: BGR, or planes of 4:2:0 video that become BGR only if they are needed."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias, TypedDict

import numpy as np
import numpy.typing as npt

from posewire_server import _native
from posewire_server.frame import ColorMatrix, ColorRange

Image: TypeAlias = npt.NDArray[np.uint8]

# From the (W, H) of a frame to its reduction: 1, 2, 4 or 8.
Reduce: TypeAlias = Callable[[tuple[int, int]], int]


class Conversion(TypedDict):
    """Arguments of ``_native``; see ``Planes``."""

    reduction: int
    matrix: str
    full_range: bool


@dataclass(frozen=True, eq=False)
class Planes:
    """Luma and chroma at full size of a picture that is read at full size or reduced.

    A pixel of the reduced picture is the mean of the ``reduction`` x ``reduction`` pixels it
    covers, before the conversion to colours. The last row and column are repeated beyond the edge.

    Attributes:
        y: (H, W) uint8, any strides.
        u: ((H + 1) // 2, (W + 1) // 2) uint8, any strides, as ``v``.
    """

    y: Image
    u: Image
    v: Image
    reduction: int = 1
    color_matrix: ColorMatrix = ColorMatrix.BT601
    color_range: ColorRange = ColorRange.LIMITED

    @property
    def shape(self) -> tuple[int, int, int]:
        """(h, w, 3) of the picture: H / reduction and W / reduction, rounded up."""
        height, width = (-(-size // self.reduction) for size in self.y.shape)
        return height, width, 3

    @property
    def conversion(self) -> Conversion:
        """Arguments of ``_native`` that convert the planes."""
        return Conversion(
            reduction=self.reduction,
            matrix=self.color_matrix.value,
            full_range=self.color_range is ColorRange.FULL,
        )

    def to_image(self) -> Image:
        """Converts the planes to (h, w, 3) uint8 BGR, without the GIL.

        The image at full size is C-contiguous. Each row of a reduced image has all blue, then all
        green, then all red values, which is the order in which ``transform.prepare`` reads it.

        Raises:
            ValueError: The planes do not fit each other, or the reduction is unknown.
            TypeError: A plane is not uint8.
        """
        height, width, channels = self.shape
        if self.reduction == 1:
            image = np.empty((height, width, channels), np.uint8)
        else:
            image = np.empty((height, channels, width), np.uint8).transpose(0, 2, 1)
        _native.yuv_to_bgr(self.y, self.u, self.v, image, **self.conversion)
        return image


@dataclass(frozen=True, eq=False)
class Picture:
    """Pixels of a frame, at full size or reduced.

    Attributes:
        pixels: (h, w, 3) uint8 BGR, or planes of it.
        reduction: Each pixel covers this many pixels of the frame along both axes. Pixels of the
            last row and column may reach over the frame's edge.
    """

    pixels: Image | Planes
    size: tuple[int, int]
    reduction: int = 1

    @cached_property
    def image(self) -> Image:
        """(h, w, 3) uint8 BGR."""
        return self.pixels.to_image() if isinstance(self.pixels, Planes) else self.pixels


def full_size(_size: tuple[int, int]) -> int:
    """Reduces no frame; a ``Reduce``."""
    return 1


def picture_of(image: Image) -> Picture:
    """Returns the picture of a (H, W, 3) uint8 BGR image at full size."""
    return Picture(image, (image.shape[1], image.shape[0]))
