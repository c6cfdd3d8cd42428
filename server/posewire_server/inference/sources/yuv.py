"""Planes of 4:2:0 video to BGR, at full size or reduced."""

from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from posewire_server import _native

Image: TypeAlias = npt.NDArray[np.uint8]
Matrix = Literal["bt601", "bt709"]


def yuv_image(
    y: Image,
    u: Image,
    v: Image,
    *,
    reduction: int = 1,
    matrix: Matrix = "bt601",
    full_range: bool = False,
) -> Image:
    """Turns planes into a picture; the GIL is released meanwhile.

    A pixel of the result is the mean of the ``reduction`` x ``reduction`` pixels it covers, taken
    before the change of colours; beyond the last row and column the picture goes on as it ends.

    Args:
        y: (H, W) uint8, any strides.
        u: ((H + 1) // 2, (W + 1) // 2) uint8, any strides.
        v: As ``u``.
        reduction: 1, 2, 4 or 8.
        matrix: Of the colours.
        full_range: Whether luma and chroma go from 0 to 255, or as in television luma from 16 to
            235 and chroma from 16 to 240.

    Returns:
        (h, w, 3) uint8 BGR; h and w are H / reduction and W / reduction, rounded up. At full size
        it is C-contiguous; reduced, each of its rows has all blue, then all green, then all red,
        which is how ``transform.prepare`` takes rows apart anyway.

    Raises:
        ValueError: The planes do not fit each other, or there is no such reduction or matrix.
        TypeError: A plane is not of uint8.
    """
    image, _ = _convert(y, u, v, reduction, matrix, full_range=full_range)
    return image


def mapped_yuv_image(y: Image, u: Image, v: Image, *, reduction: int = 1) -> Image | None:
    """Turns planes into a picture as :func:`yuv_image` does, BT.601 limited range.

    The planes are of a file mapped into memory. Estimates it in place saves a copy of it; but where
    the file is made smaller meanwhile, reading such memory elsewhere would end the process.

    Args:
        y: (H, W) uint8, any strides.
        u: ((H + 1) // 2, (W + 1) // 2) uint8, any strides.
        v: As ``u``.
        reduction: 1, 2, 4 or 8.

    Returns:
        (h, w, 3) uint8 BGR, as of :func:`yuv_image`; None where the file had ended before the
        planes. What was missing is zeros then, in this mapping for good.
    """
    image, is_whole = _convert(y, u, v, reduction, "bt601", full_range=False, is_mapped=True)
    return image if is_whole else None


def _convert(
    y: Image,
    u: Image,
    v: Image,
    reduction: int,
    matrix: Matrix,
    *,
    full_range: bool,
    is_mapped: bool = False,
) -> tuple[Image, bool]:
    height, width = (-(-size // reduction) for size in y.shape)
    image = _empty(height, width, reduction)
    is_whole = _native.yuv_to_bgr(
        y,
        u,
        v,
        image,
        reduction=reduction,
        matrix=matrix,
        full_range=full_range,
        mapped=is_mapped,
    )
    return image, is_whole


def _empty(height: int, width: int, reduction: int) -> Image:
    if reduction == 1:
        return np.empty((height, width, 3), np.uint8)
    return np.empty((height, 3, width), np.uint8).transpose(0, 2, 1)
