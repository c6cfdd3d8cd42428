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
        (h, w, 3) uint8 BGR, C-contiguous; h and w are H / reduction and W / reduction, rounded up.

    Raises:
        ValueError: The planes do not fit each other, or there is no such reduction or matrix.
        TypeError: A plane is not of uint8.
    """
    height, width = (-(-size // reduction) for size in y.shape)
    image = np.empty((height, width, 3), np.uint8)
    _native.yuv_to_bgr(y, u, v, image, reduction=reduction, matrix=matrix, full_range=full_range)
    return image


def yuv_file_image(
    descriptor: int,
    offset: int,
    *,
    size: tuple[int, int],
    stride: int,
    is_interleaved: bool,
    reduction: int = 1,
) -> Image | None:
    """Turns planes in a file into a picture as :func:`yuv_image` does, BT.601 limited range.

    They are read a few rows at a time, so that what is read is in the processor's cache when it is
    used; planes that were read as a whole would be fetched from main memory a second time.

    Args:
        descriptor: Of the file.
        offset: Of the luma plane, in bytes; chroma follows it.
        size: (W, H), both even.
        stride: Bytes from row to row of luma; even.
        is_interleaved: Whether chroma is that of NV12, else it is that of I420.
        reduction: 1, 2, 4 or 8.

    Returns:
        (h, w, 3) uint8 BGR; None where the file has ended before the planes have.
    """
    width, height = (-(-side // reduction) for side in size)
    image = np.empty((height, width, 3), np.uint8)
    is_whole = _native.yuv_file_to_bgr(
        descriptor,
        offset,
        size=size,
        stride=stride,
        is_interleaved=is_interleaved,
        output=image,
        reduction=reduction,
        matrix="bt601",
        full_range=False,
    )
    return image if is_whole else None
