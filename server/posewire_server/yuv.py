"""Planes of 4:2:0 video to BGR, at full size or reduced."""

from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

Image: TypeAlias = npt.NDArray[np.uint8]
Matrix = Literal["bt601", "bt709"]
Reduction = Literal[1, 2, 4, 8]

# Shares of red and blue in luma: ITU-R BT.601-7 and BT.709-6.
_SHARES = {"bt601": (0.299, 0.114), "bt709": (0.2126, 0.0722)}


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
    """
    red, blue = _SHARES[matrix]
    luma = _mean(y.astype(np.float32), reduction)
    planes = [u, v] if reduction > 1 else [plane.repeat(2, 0).repeat(2, 1) for plane in (u, v)]
    cut = np.s_[: luma.shape[0], : luma.shape[1]]
    b, r = (_mean(plane.astype(np.float32), max(1, reduction // 2))[cut] - 128 for plane in planes)
    if not full_range:
        luma, b, r = np.maximum(luma - 16, 0) * (255 / 219), b * (255 / 224), r * (255 / 224)
    r, b = r * (2 - 2 * red), b * (2 - 2 * blue)
    green = 1 - red - blue
    bgr = np.dstack([luma + b, luma - (r * red + b * blue) / green, luma + r])
    return np.clip(np.rint(bgr), 0, 255).astype(np.uint8)


def _mean(plane: npt.NDArray[np.float32], n: int) -> npt.NDArray[np.float32]:
    """Returns the means of n x n blocks."""
    height, width = plane.shape
    plane = np.pad(plane, ((0, -height % n), (0, -width % n)), "edge")
    blocks = plane.reshape(len(plane) // n, n, plane.shape[1] // n, n)
    means: npt.NDArray[np.float32] = blocks.mean((1, 3), dtype=np.float32)
    return means
