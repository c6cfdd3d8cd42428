"""Drawing of poses on an image: limbs in the colours of their chains, keypoints as dots.

A chain is one part of a body for a reader: an arm, a finger, a brow. Its limbs follow each other
without a fork, have one colour, and their thickness is proportional to their length. Hands and
faces stay legible next to a body, and small people next to large ones.
"""

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from posewire_server.pose import Poses
from posewire_server.skeletons import Skeleton

Colour = tuple[int, int, int]
Chain = tuple[tuple[int, int], ...]
Array = npt.NDArray[np.float32]
Canvas = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

# cv2 draws at 1/16 pixel when coordinates carry four fractional bits.
_FRACTION_BITS = 4
# The golden angle in the 180 steps of cv2's hue: chains that follow each other look different.
_HUE_STEP = 180 * (3 - 5**0.5) / 2
# Lengths of a limb to its thickness, and the image's shorter side to the greatest thickness.
_LENGTHS = 8.0
_SIDES = 160.0
# Least radius of a dot and least thickness with a dark edge; finer ones would hide the picture.
_LEAST_DOT = 0.9
_LEAST_EDGE = 0.8
# Ids whose colours differ.
_ID_COLOURS = 16


def draw_poses(image: Canvas, poses: Poses, skeleton: Skeleton) -> Canvas:
    """Returns a copy of an image with poses drawn on it.

    A limb is drawn if both its keypoints were found, as a hairline if one of them is filled in. The
    best pose is drawn last, on top. Ids stand above the heads.

    Args:
        image: (H, W, 3) uint8, BGR.
    """
    canvas = np.array(image, order="C")
    thickest = max(1.0, min(canvas.shape[:2]) / _SIDES)
    filled = np.zeros_like(poses.found) if poses.interpolated is None else poses.interpolated
    for keypoints, fine in zip(poses.keypoints[::-1], filled[::-1], strict=True):
        _draw_pose(canvas, keypoints[:, :2], fine, skeleton, thickest)
    if poses.ids is not None:
        for number, box in zip(poses.ids.tolist(), poses.boxes, strict=True):
            _draw_id(canvas, number, box, thickest)
    return canvas


def _draw_pose(
    canvas: Canvas, points: Array, fine: Mask, skeleton: Skeleton, thickest: float
) -> None:
    chains = find_chains(skeleton)
    radii = np.full(len(points), np.inf)
    for chain, colour in zip(chains, chain_colours(len(chains)), strict=True):
        thickness = _thickness(points, chain, thickest)
        radii[np.unique(chain)] = np.minimum(radii[np.unique(chain)], 1.15 * thickness + 0.3)
        _draw_chain(canvas, points, fine, chain, colour, thickness)
    # The vertices of a mesh that are on no line are as fine as its finest and stay behind them.
    alone = np.isinf(radii)
    radii[alone] = radii.min(where=~alone, initial=thickest)
    for index in np.argsort(~alone, kind="stable"):
        if radii[index] > _LEAST_DOT and not fine[index] and not np.isnan(points[index]).any():
            _draw_keypoint(canvas, points[index], radii[index])


@lru_cache
def find_chains(skeleton: Skeleton) -> tuple[Chain, ...]:
    """Returns the bones of a skeleton as chains, in the order of their first limbs.

    Two limbs belong to one chain if they meet at a keypoint without a third limb.
    """
    bones = _bones(skeleton)
    degree = Counter(keypoint for bone in bones for keypoint in bone)
    chains: list[list[tuple[int, int]]] = []
    for bone in bones:
        joints = {keypoint for keypoint in bone if degree[keypoint] == 2}
        met = [chain for chain in chains if any(joints & set(other) for other in chain)]
        for chain in met[1:]:
            chains.remove(chain)
            met[0] += chain
        if met:
            met[0].append(bone)
        else:
            chains.append([bone])
    return tuple(map(tuple, chains))


def _bones(skeleton: Skeleton) -> Sequence[tuple[int, int]]:
    """Returns the limbs without those from shoulder to ear, which follow no bone."""
    names = [name.partition("_")[2] for name in skeleton.keypoints]
    return [limb for limb in skeleton.limbs if {names[k] for k in limb} != {"shoulder", "ear"}]


def chain_colours(count: int) -> tuple[Colour, ...]:
    """Returns a bright BGR colour for each chain."""
    if count == 0:
        return ()
    hsv = np.array([[(round(_HUE_STEP * chain) % 180, 200, 255) for chain in range(count)]])
    colours = cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2BGR)[0]
    return tuple(cast("Colour", tuple(row.tolist())) for row in colours)


def _thickness(points: Array, chain: Chain, thickest: float) -> float:
    lengths = np.linalg.norm(np.diff(points[list(chain)], axis=1)[:, 0], axis=1)
    lengths = lengths[~np.isnan(lengths)]
    return min(float(np.median(lengths)) / _LENGTHS, thickest) if lengths.size else thickest


def _draw_chain(
    canvas: Canvas, points: Array, fine: Mask, chain: Chain, colour: Colour, thickness: float
) -> None:
    dark = cast("Colour", tuple(channel // 4 for channel in colour))
    width = max(1, round(thickness))
    inks = ((dark, width + 2), (colour, width)) if thickness > _LEAST_EDGE else ((colour, 1),)
    for ink, size in inks:
        for limb in chain:
            ends = points[list(limb)]
            if not np.isnan(ends).any():
                first, second = map(_to_fixed, ends)
                thick = 1 if fine[list(limb)].any() else size
                cv2.line(canvas, first, second, ink, thick, cv2.LINE_AA, _FRACTION_BITS)


def _draw_keypoint(canvas: Canvas, point: Array, radius: float) -> None:
    centre, size = _to_fixed(point), round(radius * (1 << _FRACTION_BITS))
    cv2.circle(canvas, centre, size, (255, 255, 255), -1, cv2.LINE_AA, _FRACTION_BITS)
    if radius > 2 * _LEAST_EDGE:
        cv2.circle(canvas, centre, size, (40, 40, 40), 1, cv2.LINE_AA, _FRACTION_BITS)


def _draw_id(canvas: Canvas, number: int, box: Array, thickest: float) -> None:
    if np.isnan(box).any():
        return
    text, scale = str(number), 0.2 * thickest
    colour, dark = chain_colours(number % _ID_COLOURS + 1)[-1], (0, 0, 0)
    (width, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)
    place = round(float(box[0] + box[2] - width) / 2), round(float(box[1] - 2 * thickest))
    for ink, size in ((dark, max(3, round(thickest))), (colour, max(1, round(thickest / 3)))):
        cv2.putText(canvas, text, place, cv2.FONT_HERSHEY_SIMPLEX, scale, ink, size, cv2.LINE_AA)


def _to_fixed(point: Array) -> tuple[int, int]:
    """Maps corner-origin coordinates to cv2's, whose origin is the first pixel's centre."""
    x, y = np.rint((point - 0.5) * (1 << _FRACTION_BITS)).astype(int).tolist()
    return x, y
