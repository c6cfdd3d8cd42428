"""Rotated rectangle of a frame that fills the input of a network."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from posewire_server.models.catalog.spec import InputSpec

# x_min, y_min, x_max, y_max in pixels of the frame.
Box = tuple[float, float, float, float]
# Bilinear weights see at most two pixels a side, so larger reductions average pixels first.
_LARGEST_PLAIN_REDUCTION = 2.0


@dataclass(frozen=True)
class Crop:
    """A rectangle of the frame, of any rotation, that may reach beyond the frame's edges.

    Attributes:
        centre: (x, y) in pixels of the frame, origin at the corner of the top-left pixel.
        size: (w, h) in pixels of the frame, along the rectangle's own sides; both above 0.
        rotation: Radians that the rectangle is turned clockwise, as seen on the screen.
    """

    centre: tuple[float, float]
    size: tuple[float, float]
    rotation: float = 0.0

    @classmethod
    def square(
        cls, centre: Sequence[float] | npt.NDArray[np.floating], side: float, rotation: float = 0.0
    ) -> "Crop":
        """Returns a square of a centre (x, y)."""
        return cls((float(centre[0]), float(centre[1])), (side, side), rotation)

    @property
    def box(self) -> Box:
        """The rectangle before it is turned."""
        (x, y), (width, height) = self.centre, self.size
        return x - width / 2, y - height / 2, x + width / 2, y + height / 2

    def moved(self, offset: tuple[float, float]) -> "Crop":
        """Returns the crop x and y pixels further right and down."""
        return replace(self, centre=(self.centre[0] + offset[0], self.centre[1] + offset[1]))

    def to_image(self, points_unit: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
        """Maps points of the rectangle to (..., 2) x, y in pixels of the frame.

        Args:
            points_unit: (..., 2) x, y: (0, 0) is the rectangle's own top-left corner and (1, 1)
                its bottom-right one; NaN stays NaN, the precision is kept.
        """
        linear, offset = self._unit_to_image(points_unit.dtype)
        return np.asarray(points_unit @ linear.T + offset)

    def to_unit(self, points_image: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
        """Maps points of the frame to the rectangle; the inverse of :meth:`to_image`."""
        linear, offset = self._unit_to_image(points_image.dtype)
        return np.asarray((points_image - offset) @ np.linalg.inv(linear).T)

    def _unit_to_image(
        self, dtype: npt.DTypeLike
    ) -> tuple[npt.NDArray[np.floating], npt.NDArray[np.floating]]:
        cos, sin = math.cos(self.rotation), math.sin(self.rotation)
        width, height = self.size
        linear = np.array([[cos * width, -sin * height], [sin * width, cos * height]])
        offset = np.array(self.centre) - linear.sum(1) / 2
        return linear.astype(dtype), offset.astype(dtype)


def square_around(box: Box | npt.NDArray[np.floating], scale: float, rotation: float = 0.0) -> Crop:
    """Returns a square at a box's centre: ``scale`` times the longer side, at least a pixel."""
    x_min, y_min, x_max, y_max = box
    side = max(1.0, float(max(x_max - x_min, y_max - y_min)) * scale)
    return Crop.square(((x_min + x_max) / 2, (y_min + y_max) / 2), side, rotation)


def covering(box: Box, spec: InputSpec) -> Crop:
    """Returns the smallest upright crop of the input's aspect around a box, sharing its centre."""
    x_min, y_min, x_max, y_max = box
    scale = max((x_max - x_min) / spec.max_width, (y_max - y_min) / spec.height)
    centre = ((x_min + x_max) / 2, (y_min + y_max) / 2)
    return Crop(centre, (spec.max_width * scale, spec.height * scale))


def cut(
    image: npt.NDArray[np.uint8],
    crop: Crop,
    spec: InputSpec,
    output: npt.NDArray[np.float32] | None = None,
) -> npt.NDArray[np.float32]:
    """Cuts a rectangle out of a frame, scaled to the input's whole size, and normalises it.

    Interpolation is bilinear, over averaged pixels if the crop is reduced to less than half.
    Pixel areas map exactly onto each other. What lies outside the frame is black.

    Args:
        image: (H, W, 3) uint8, BGR, any strides.
        spec: The network's input; the crop fills ``height`` x ``max_width``.
        output: (3, h, w) float32 to write into and to return; None: a new array.
    """
    size_input = (spec.max_width, spec.height)
    if output is None:
        output = np.empty((3, spec.height, spec.max_width), np.float32)
    pixels = _warp(image, crop, size_input)
    ordered = pixels[:, :, ::-1] if spec.channel_order == "RGB" else pixels
    np.subtract(ordered.transpose(2, 0, 1), np.array(spec.mean, np.float32)[:, None, None], output)
    output *= np.array(spec.scale, np.float32)[:, None, None]
    return output


def _warp(
    image: npt.NDArray[np.uint8], crop: Crop, size_input: tuple[int, int]
) -> npt.NDArray[np.uint8]:
    part, offset = _visible(image, crop)
    if part.size == 0:
        return np.zeros((size_input[1], size_input[0], 3), np.uint8)
    part, reduction = _reduce(part, crop, size_input)
    corners_unit = np.array([[0, 0], [1, 0], [0, 1]])
    corners_part = (crop.to_image(corners_unit.astype(float)) - offset) / reduction
    # OpenCV counts from pixel centres, this project from pixel corners.
    matrix = cv2.getAffineTransform(
        (corners_part - 0.5).astype(np.float32),
        (corners_unit * size_input - 0.5).astype(np.float32),
    )
    return cast("npt.NDArray[np.uint8]", cv2.warpAffine(part, matrix, size_input))


def _visible(
    image: npt.NDArray[np.uint8], crop: Crop
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float64]]:
    corners = crop.to_image(np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]))
    limits = np.array([image.shape[1], image.shape[0]], np.float64)
    # A pixel more on each side, which interpolation at the crop's own border reaches for.
    low = np.clip(np.floor(corners.min(0)) - 1, 0, limits).astype(int)
    high = np.clip(np.ceil(corners.max(0)) + 1, 0, limits).astype(int)
    return image[low[1] : high[1], low[0] : high[0]], low.astype(np.float64)


def _reduce(
    part: npt.NDArray[np.uint8], crop: Crop, size_input: tuple[int, int]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float64]]:
    """Averages pixels if a part becomes much smaller; returns the factors of x and y."""
    factor = min(size / to for size, to in zip(crop.size, size_input, strict=True))
    if factor <= _LARGEST_PLAIN_REDUCTION:
        return part, np.ones(2)
    size_part = np.array([part.shape[1], part.shape[0]])
    size = np.maximum(1, np.ceil(size_part / factor)).astype(int)
    reduced = cv2.resize(part, (int(size[0]), int(size[1])), interpolation=cv2.INTER_AREA)
    return cast("npt.NDArray[np.uint8]", reduced), size_part / size
