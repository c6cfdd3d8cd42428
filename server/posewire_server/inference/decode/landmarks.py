"""Regressed keypoints of networks that look at one instance, mapped to the frame."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from posewire_server.inference.preprocess.crop import Crop

Floats = npt.NDArray[np.float32]


def to_image(
    values: Floats, crops: Sequence[Crop], size_input: tuple[int, int], depth_scale: float = 1.0
) -> tuple[Floats, Floats]:
    """Maps keypoints with depth from the inputs of N crops to the frame.

    Args:
        values: (N, ...) with 3 K values each: x, y, z of every keypoint in pixels of the input.
        size_input: (w, h) of the input.
        depth_scale: One unit of z in units of x.

    Returns:
        (N, K, 2) x, y in pixels of the frame, and (N, K) depths on the same scale: smaller is
        nearer to the camera; the network defines 0.
    """
    width, height = size_input
    points_input = values.reshape(len(crops), math.prod(values.shape[1:]) // 3, 3)
    points_unit = points_input / np.array([width, height, width], np.float32)
    points_image = np.empty((*points_unit.shape[:2], 2), np.float32)
    for crop, unit, image in zip(crops, points_unit, points_image, strict=True):
        image[:] = crop.to_image(unit[:, :2])
    widths = np.array([crop.size[0] for crop in crops], np.float32).reshape(-1, 1)
    return points_image, np.asarray(points_unit[:, :, 2] * widths * np.float32(depth_scale))


def with_scores(points: Floats, scores: Floats) -> Floats:
    """Returns (N, K, 3) keypoints of points (N, K, 2) and scores (N, K) or (N, 1)."""
    scores = np.broadcast_to(scores, points.shape[:2])
    return np.concatenate([points, scores[:, :, None]], 2)


def sigmoid(logits: Floats) -> Floats:
    """Returns the probabilities of logits, without overflow."""
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -80, 80))))


def turn(start: npt.NDArray[np.floating], end: npt.NDArray[np.floating]) -> float:
    """Returns the angle from one (x, y) to another in radians, clockwise; 0 is rightward."""
    x, y = np.asarray(end) - np.asarray(start)
    return float(np.arctan2(y, x))


def turned_box(
    points: npt.NDArray[np.floating], rotation: float
) -> tuple[npt.NDArray[np.floating], npt.NDArray[np.floating]]:
    """Returns the (2,) centre and (2,) sides of the tightest rectangle around (K, 2) points.

    The rectangle is turned clockwise by ``rotation`` radians.
    """
    cos, sin = np.cos(rotation), np.sin(rotation)
    axes = np.array([[cos, -sin], [sin, cos]])
    along = points @ axes
    low, high = along.min(0), along.max(0)
    return axes @ ((low + high) / 2), high - low
