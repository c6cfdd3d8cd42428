"""Frame to network input and back: one object that maps both ways, and reduced frames.

Networks look at small copies of frames. Decoding a JPEG file at a half or a quarter costs half of
decoding it all, and planes of video that are averaged at once need not be turned into as many
colours.
"""

import math
from dataclasses import astuple, dataclass, replace
from typing import Final, TypedDict

import numpy as np
import numpy.typing as npt

from posewire_server import _native
from posewire_server.errors import ErrorReason, RegionError
from posewire_server.frame import Region
from posewire_server.inference.sources.picture import Image, Planes, Reduce
from posewire_server.models.catalog.spec import InputSpec
from posewire_server.pose import Poses

_REDUCTIONS: Final = (8, 4, 2)


class _Scaling(TypedDict):
    """Arguments that ``_native.preprocess`` and ``_native.preprocess_yuv`` share."""

    size_valid: tuple[int, int]
    mean: tuple[float, float, float]
    scale: tuple[float, float, float]
    pad: float
    swap_red_blue: bool


@dataclass(frozen=True)
class Transform:
    """Map between a frame and a network input; the origin of both is their top-left corner.

    Attributes:
        size_image: (W, H) of the frame.
        offset: (x, y) in the frame of the part that the network sees, in whole pixels.
        size_region: (w, h) of that part.
        size_valid: (w, h) of that part once scaled; the rest of the input is padding.
        size_input: (w, h) of the input with its padding at the right and bottom.
    """

    size_image: tuple[int, int]
    offset: tuple[int, int]
    size_region: tuple[int, int]
    size_valid: tuple[int, int]
    size_input: tuple[int, int]

    def to_image(self, points_input: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
        """Maps (..., 2) x, y in pixels of the input to pixels of the frame.

        NaN stays NaN, the precision is kept.
        """
        scale = np.divide(self.size_region, self.size_valid, dtype=points_input.dtype)
        return points_input * scale + np.asarray(self.offset, points_input.dtype)

    def to_input(self, points_image: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
        """Maps points of the frame to the input; the inverse of :meth:`to_image`."""
        scale = np.divide(self.size_valid, self.size_region, dtype=points_image.dtype)
        return (points_image - np.asarray(self.offset, points_image.dtype)) * scale


def fit(
    size_image: tuple[int, int],
    spec: InputSpec,
    region: tuple[float, float, float, float] | None = None,
) -> Transform:
    """Lays a frame, or a region of it, into the network's input.

    It is scaled to the input's height with its aspect kept, or to the input's largest width if it
    is wider, then padded to the stride. A region is taken as by :func:`whole_pixels`.

    Raises:
        RegionError: REGION_INVALID.
    """
    left, top, right, bottom = whole_pixels(size_image, region)
    width, height = right - left, bottom - top
    valid_height = spec.height
    valid_width = max(1, round(width * valid_height / height))
    if valid_width > spec.max_width:
        valid_width = spec.max_width
        valid_height = max(1, round(height * valid_width / width))
    return Transform(
        size_image=size_image,
        offset=(left, top),
        size_region=(width, height),
        size_valid=(valid_width, valid_height),
        size_input=(_ceil_to(valid_width, spec.stride), _ceil_to(valid_height, spec.stride)),
    )


def prepare(
    image: Image | Planes,
    transform: Transform,
    spec: InputSpec,
    output: npt.NDArray[np.float32] | None = None,
) -> npt.NDArray[np.float32]:
    """Resizes, pads, normalises and lays out a frame for the network in one pass.

    Resizing is bilinear. If it reduces to less than half, the triangle of weights is as wide as the
    scale, so that no pixel is skipped. Pixel areas map exactly onto each other. Planes are read row
    by row, because a whole picture in between would not fit the caches near the processor. The GIL
    is released.

    Args:
        image: (H, W, 3) uint8, BGR, any strides, or planes: the frame of ``transform``.
        output: (1, 3, h, w) float32, C-contiguous, to write into and to return; None: a new array.
    """
    left, top = transform.offset
    width, height = transform.size_region
    if output is None:
        output = np.empty((1, 3, transform.size_input[1], transform.size_input[0]), np.float32)
    scaling = _Scaling(
        size_valid=transform.size_valid,
        mean=spec.mean,
        scale=spec.scale,
        pad=spec.pad,
        swap_red_blue=spec.channel_order == "RGB",
    )
    if isinstance(image, Planes):
        part = left, top, width, height
        y, u, v = image.y, image.u, image.v
        _native.preprocess_yuv(y, u, v, output[0], part=part, **image.conversion, **scaling)
    else:
        seen = image[top : top + height, left : left + width]
        _native.preprocess(seen, output[0], **scaling)
    return output


def whole_pixels(
    size_image: tuple[int, int], region: tuple[float, float, float, float] | None
) -> tuple[int, int, int, int]:
    """Returns the pixels that a region touches: left, top, right, bottom, the last two exclusive.

    The region is x_min, y_min, x_max, y_max in pixels of the frame; None: the whole frame.

    Raises:
        RegionError: REGION_INVALID: not a number, empty, inverted or outside the frame.
    """
    width, height = size_image
    if region is None:
        return 0, 0, width, height
    x_min, y_min, x_max, y_max = region
    if not all(map(math.isfinite, region)):
        why = "is not a number"
    elif x_max <= x_min or y_max <= y_min:
        why = "is empty or inverted"
    elif x_min >= width or y_min >= height or x_max <= 0 or y_max <= 0:
        why = "is outside the frame"
    else:
        left, top = math.floor(x_min), math.floor(y_min)
        right, bottom = math.ceil(x_max), math.ceil(y_max)
        return max(0, left), max(0, top), min(width, right), min(height, bottom)
    corners = ", ".join(f"{value:g}" for value in region)
    raise RegionError(
        ErrorReason.REGION_INVALID,
        f"the region x_min, y_min, x_max, y_max = {corners} {why}; "
        f"it must overlap the frame of {width}x{height} pixels",
        width=width,
        height=height,
    )


def _ceil_to(size: int, stride: int) -> int:
    return -(-size // stride) * stride


def reduce_for(spec: InputSpec, region: Region | None) -> Reduce:
    """Returns how far frames may be reduced for an estimator that looks at each of them once.

    The region that the network sees never gets smaller than the network's input.
    """
    corners = astuple(region) if region else None

    def reduce(size: tuple[int, int]) -> int:
        try:
            transform = fit(size, spec, corners)
        except RegionError:
            return 1  # The estimator raises it again.
        sides = zip(transform.size_region, transform.size_valid, strict=True)
        least = min(seen // valid for seen, valid in sides)
        return next((reduction for reduction in _REDUCTIONS if reduction <= least), 1)

    return reduce


def reduced(region: Region | None, reduction: int) -> Region | None:
    """Returns a part of the frame in pixels of the reduced picture."""
    return region and Region(*(value / reduction for value in astuple(region)))


def enlarged(poses: Poses, reduction: int) -> Poses:
    """Returns poses in pixels of the frame from those in pixels of the reduced picture."""
    factors = np.array([reduction, reduction, 1], np.float32)
    depths = None if poses.depths is None else poses.depths * np.float32(reduction)
    return replace(poses, keypoints=poses.keypoints * factors, depths=depths)
