"""Planes of 4:2:0 video, converted to colours only at the time their pixels are needed."""

from dataclasses import dataclass
from typing import TypeAlias, TypedDict, Unpack

import numpy as np
import numpy.typing as npt

from posewire_server import _native
from posewire_server.frame import ColorMatrix, ColorRange

Image: TypeAlias = npt.NDArray[np.uint8]


class Scaling(TypedDict):
    """Arguments that ``_native.preprocess`` and ``_native.preprocess_yuv`` share.

    Attributes:
        size_valid: (w, h) to which the pixels are scaled.
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
    """Luma and chroma of a picture at full size, which is read at full size or reduced.

    A pixel of the reduced picture is the mean of the ``reduction`` x ``reduction`` pixels it
    covers, taken before the conversion to colours. The last row and column are repeated beyond the
    edge. The GIL is released during conversion.

    Attributes:
        y: (H, W) uint8, any strides.
        u: ((H + 1) // 2, (W + 1) // 2) uint8, any strides.
        v: As ``u``.
        reduction: 1, 2, 4 or 8.
        color_matrix: Matrix of the colours.
        color_range: Range of luma and chroma.
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

    def to_image(self) -> Image:
        """Converts the planes to (h, w, 3) uint8 BGR.

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
        _native.yuv_to_bgr(
            self.y,
            self.u,
            self.v,
            image,
            reduction=self.reduction,
            matrix=self.color_matrix.value,
            full_range=self.color_range is ColorRange.FULL,
        )
        return image

    def prepare(
        self,
        output: npt.NDArray[np.float32],
        *,
        part: tuple[int, int, int, int],
        **scaling: Unpack[Scaling],
    ) -> None:
        """Writes the bits that ``_native.preprocess`` makes of a part of the picture.

        The input of the network is made row by row, because a whole picture in between would not
        fit the caches near the processor.

        Args:
            output: (3, h, w) float32, C-contiguous; every value is written.
            part: left, top, width, height in pixels of the picture.
            **scaling: Arguments of ``_native.preprocess``.
        """
        _native.preprocess_yuv(
            self.y,
            self.u,
            self.v,
            output,
            reduction=self.reduction,
            matrix=self.color_matrix.value,
            full_range=self.color_range is ColorRange.FULL,
            part=part,
            **scaling,
        )
