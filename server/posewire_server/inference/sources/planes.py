"""A picture as planes of 4:2:0 video, which become colours only where they are looked at."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypedDict, Unpack

import numpy as np
import numpy.typing as npt

from posewire_server import _native
from posewire_server.errors import SourceError
from posewire_server.inference.sources.yuv import Image, Matrix, mapped_yuv_image, yuv_image


class Scaling(TypedDict):
    """What ``_native.preprocess`` and ``_native.preprocess_yuv`` do to the pixels they take.

    Attributes:
        size_valid: (w, h) that they are scaled to.
        mean: Subtracted from each channel of pixels.
        scale: Multiplied after that.
        pad: Value outside ``size_valid``.
        swap_red_blue: Whether the planes of the output are red, green, blue.
    """

    size_valid: tuple[int, int]
    mean: tuple[float, float, float]
    scale: tuple[float, float, float]
    pad: float
    swap_red_blue: bool


@dataclass(frozen=True, eq=False)
class Planes:
    """Planes, and how they become a picture; see ``yuv_image`` for what that is.

    A network's input is made from them row by row: a picture in between would be too large for the
    caches that are near the processor.

    Attributes:
        y: (H, W) uint8, any strides.
        u: ((H + 1) // 2, (W + 1) // 2) uint8, any strides.
        v: As ``u``.
        reduction: 1, 2, 4 or 8.
        matrix: Of the colours.
        full_range: Whether luma and chroma use all values.
        lost: Where they are the memory of a file that others may make smaller: gives the error of
            a part that was missing when it was read. Such planes are BT.601 limited range.
    """

    y: Image
    u: Image
    v: Image
    reduction: int = 1
    matrix: Matrix = "bt601"
    full_range: bool = False
    lost: Callable[[], SourceError] | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """(h, w, 3) of the picture."""
        height, width = (-(-size // self.reduction) for size in self.y.shape)
        return height, width, 3

    def to_image(self) -> Image:
        """Returns the picture, (h, w, 3) uint8 BGR.

        Raises:
            SourceError: That of ``lost``.
        """
        if self.lost is None:
            return yuv_image(
                self.y,
                self.u,
                self.v,
                reduction=self.reduction,
                matrix=self.matrix,
                full_range=self.full_range,
            )
        image = mapped_yuv_image(self.y, self.u, self.v, reduction=self.reduction)
        if image is None:
            raise self.lost()
        return image

    def prepare(
        self,
        output: npt.NDArray[np.float32],
        *,
        part: tuple[int, int, int, int],
        **scaling: Unpack[Scaling],
    ) -> None:
        """Does what ``_native.preprocess`` does to a part of the picture, to the same bits.

        Args:
            output: (3, h, w) float32, C-contiguous; every value is written.
            part: left, top, width, height in pixels of the picture.
            **scaling: As of ``_native.preprocess``.

        Raises:
            SourceError: That of ``lost``.
        """
        is_whole = _native.preprocess_yuv(
            self.y,
            self.u,
            self.v,
            output,
            reduction=self.reduction,
            matrix=self.matrix,
            full_range=self.full_range,
            mapped=self.lost is not None,
            part=part,
            **scaling,
        )
        if not is_whole and self.lost is not None:
            raise self.lost()
