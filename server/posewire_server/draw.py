"""Poses onto an image: limbs in hues that go round the colour circle, keypoints as dots."""

from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from posewire_server.pose import Poses
from posewire_server.skeletons import Skeleton

Colour = tuple[int, int, int]

# cv2 draws at 1/16 pixel when coordinates carry four fractional bits.
_FRACTION_BITS = 4


def draw_poses(
    image: npt.NDArray[np.uint8], poses: Poses, skeleton: Skeleton
) -> npt.NDArray[np.uint8]:
    """Returns a copy of an image with poses drawn on it.

    Lines grow with the image; a limb is drawn where both its keypoints were found. The best pose is
    drawn last, on top.

    Args:
        image: (H, W, 3) uint8, BGR.
        poses: In pixels of the image.
        skeleton: What the poses consist of.
    """
    canvas = np.array(image, order="C")
    thickness = max(1, round(min(canvas.shape[:2]) / 160))
    colours = limb_colours(len(skeleton.limbs))
    for keypoints in poses.keypoints[::-1]:
        _draw_limbs(canvas, keypoints, skeleton, colours, thickness)
        _draw_keypoints(canvas, keypoints, thickness)
    return canvas


def limb_colours(count: int) -> tuple[Colour, ...]:
    """Returns a bright BGR colour for each limb, evenly spaced in hue."""
    hsv = np.array([[(180 * limb // max(1, count), 220, 255) for limb in range(count)]], np.uint8)
    if count == 0:
        return ()
    return tuple(
        cast("Colour", tuple(row.tolist())) for row in cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)[0]
    )


def _draw_limbs(
    canvas: npt.NDArray[np.uint8],
    keypoints: npt.NDArray[np.float32],
    skeleton: Skeleton,
    colours: tuple[Colour, ...],
    thickness: int,
) -> None:
    for limb, colour in zip(skeleton.limbs, colours, strict=True):
        ends = keypoints[list(limb), :2]
        if not np.isnan(ends).any():
            first, second = (_to_fixed(point) for point in ends)
            dark = cast("Colour", tuple(channel // 4 for channel in colour))
            for ink, width in ((dark, thickness + 2), (colour, thickness)):
                cv2.line(canvas, first, second, ink, width, cv2.LINE_AA, _FRACTION_BITS)


def _draw_keypoints(
    canvas: npt.NDArray[np.uint8], keypoints: npt.NDArray[np.float32], thickness: int
) -> None:
    radius = (thickness + 1) << _FRACTION_BITS
    for point in keypoints[~np.isnan(keypoints[:, 0]), :2]:
        centre = _to_fixed(point)
        cv2.circle(canvas, centre, radius, (255, 255, 255), -1, cv2.LINE_AA, _FRACTION_BITS)
        cv2.circle(canvas, centre, radius, (40, 40, 40), 1, cv2.LINE_AA, _FRACTION_BITS)


def _to_fixed(point: npt.NDArray[np.float32]) -> tuple[int, int]:
    """Maps our corner-origin coordinates to cv2's, whose origin is the first pixel's centre."""
    x, y = np.rint((point - 0.5) * (1 << _FRACTION_BITS)).astype(int).tolist()
    return x, y
