"""Synthetic people with known truth, as outputs of a perfect OpenPose-like network.

A scene's heatmaps are Gaussians of 7 pixels sampled every 8 pixels, with the maximum at overlaps.
A limb's field is its direction within one cell of its axis, with the mean at overlaps.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from posewire_server.skeletons import OPENPOSE18, OPENPOSE18_PAF_CHANNELS

Floats = npt.NDArray[np.floating]
Mask = npt.NDArray[np.bool_]
Size = tuple[int, int]
Strength = Callable[[], float]
Mode = Literal["clean", "noisy", "crowd"]

STRIDE: Final = 8
SIGMA: Final = 7.0
SIZES: Final = {"656": (656, 368), "1312": (1312, 736)}
# The range of people's heights in pixels of a 656-pixel scene, by how many there are.
HEIGHTS: Final = {
    1: (180, 330),
    5: (120, 260),
    10: (90, 200),
    20: (70, 150),
    50: (60, 100),
    100: (48, 72),
}
KEYPOINTS: Final = len(OPENPOSE18.keypoints)


@dataclass(frozen=True)
class Scene:
    """Outputs of a network and the truth.

    Attributes:
        heatmaps: (K + 1, H, W) float32.
        pafs: (2 L, H, W) float32.
        points: (N, K, 2) true positions in pixels of the input, corner origin.
        visible: (N, K) whether a keypoint is drawn.
        size: (w, h) of the input.
    """

    heatmaps: npt.NDArray[np.float32]
    pafs: npt.NDArray[np.float32]
    points: Floats
    visible: Mask
    size: Size


def make_scene(people: int, resolution: str, mode: Mode, seed: int) -> Scene:
    """Draws a scene; the same arguments give the same scene.

    Args:
        mode: ``clean`` keeps equal keypoints of two people 20 pixels apart if it can, ``noisy``
            adds noise, fainter peaks and hides 8 % of the keypoints, ``crowd`` lets people overlap.
    """
    rng = np.random.default_rng([people, seed, len(mode)])
    size = SIZES[resolution]
    points = _place(people, size, rng, apart=0.0 if mode == "crowd" else 20.0)
    visible = np.ones(points.shape[:2], bool)
    amplitude, noise = (1.0, 1.0), 0.0
    if mode == "noisy":
        visible = rng.random(visible.shape) > 0.08
        visible[:, 1] = True
        amplitude, noise = (0.6, 0.95), 0.02
    strength = partial(rng.uniform, *amplitude)
    heatmaps = _draw_heatmaps(points, visible, size, strength)
    pafs = _draw_pafs(points, visible, size, strength)
    heatmaps += rng.normal(0.0, noise, heatmaps.shape)
    pafs += rng.normal(0.0, noise, pafs.shape)
    heatmaps = heatmaps.clip(0.0, 1.0)
    background = 1.0 - heatmaps.max(0, keepdims=True)
    stacked = np.concatenate([heatmaps, background]).astype(np.float32)
    return Scene(stacked, pafs.astype(np.float32), points, visible, size)


def _turn(vectors: Floats, angle: float) -> Floats:
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.asarray(vectors @ np.array([[cosine, sine], [-sine, cosine]]))


def _pose(rng: np.random.Generator) -> Floats:
    """(K, 2) a person about 1 high with the neck at the origin, facing us, limbs bent at random."""
    points = np.zeros((KEYPOINTS, 2))
    points[0] = rng.uniform(-0.02, 0.02), -0.12
    points[14:18] = points[0] + [(-0.03, -0.03), (0.03, -0.03), (-0.07, -0.015), (0.07, -0.015)]
    points[[2, 5]] = (-0.13, 0.01), (0.13, 0.01)
    points[[8, 11]] = (-0.08, 0.31), (0.08, 0.31)
    for side, arm, leg in ((-1, 2, 8), (1, 5, 11)):
        shoulder = rng.uniform(-0.3, 1.6)
        elbow = shoulder + rng.uniform(-0.2, 1.3)
        points[arm + 1] = points[arm] + _turn(np.array((0.0, 0.17)), -side * shoulder)
        points[arm + 2] = points[arm + 1] + _turn(np.array((0.0, 0.15)), -side * elbow)
        hip = rng.uniform(-0.1, 0.7)
        knee = hip - rng.uniform(0.0, 0.6)
        points[leg + 1] = points[leg] + _turn(np.array((0.0, 0.26)), -side * hip)
        points[leg + 2] = points[leg + 1] + _turn(np.array((0.0, 0.25)), -side * knee)
    return _turn(points, rng.uniform(-0.25, 0.25))


def _place(people: int, size: Size, rng: np.random.Generator, apart: float) -> Floats:
    """Returns (N, K, 2) people in the picture; the best of some tries if they must keep apart."""
    margin, tries = 12.0, 600
    placed = np.zeros((0, KEYPOINTS, 2))
    for _ in range(people):
        best, best_distance = None, -1.0
        for attempt in range(tries):
            height = rng.uniform(*HEIGHTS[people]) * size[0] / SIZES["656"][0]
            points = _pose(rng) * height * (1.0 if attempt < tries // 2 else 0.8)
            low, high = points.min(0), points.max(0)
            room = np.array(size) - 2 * margin - (high - low)
            if (room <= 0).any():
                continue
            points = points - low + margin + rng.uniform(size=2) * room
            distance = np.linalg.norm(placed - points, axis=-1).min(initial=np.inf)
            if distance > best_distance:
                best, best_distance = points, distance
            if best_distance >= apart:
                break
        if best is not None:
            placed = np.concatenate([placed, best[None]])
    return placed


def _draw_heatmaps(points: Floats, visible: Mask, size: Size, strength: Strength) -> Floats:
    columns, rows = ((np.arange(length // STRIDE) + 0.5) * STRIDE for length in size)
    maps = np.zeros((KEYPOINTS, len(rows), len(columns)))
    for person, keypoint in np.argwhere(visible):
        x, y = points[person, keypoint]
        across = np.exp(-((columns - x) ** 2) / (2 * SIGMA**2))
        down = np.exp(-((rows - y) ** 2) / (2 * SIGMA**2))
        blob = strength() * down[:, None] * across
        np.maximum(maps[keypoint], blob, out=maps[keypoint])
    return maps


def _draw_pafs(points: Floats, visible: Mask, size: Size, strength: Strength) -> Floats:
    shape = (size[1] // STRIDE, size[0] // STRIDE)
    rows, columns = np.indices(shape)
    maps = np.zeros((2 * len(OPENPOSE18.limbs), *shape))
    for limb, channels in zip(OPENPOSE18.limbs, OPENPOSE18_PAF_CHANNELS, strict=True):
        count = np.zeros(shape)
        for person in np.flatnonzero(visible[:, limb].all(1)):
            ends = points[person, limb] / STRIDE - 0.5
            vector = ends[1] - ends[0]
            unit = vector / max(float(np.hypot(*vector)), 1e-6)
            low, high = np.floor(ends.min(0) - 1), np.ceil(ends.max(0) + 1)
            beside = np.abs((columns - ends[0, 0]) * unit[1] - (rows - ends[0, 1]) * unit[0]) < 1.0
            inside = (columns >= low[0]) & (columns <= high[0]) & (rows >= low[1])
            cells = beside & inside & (rows <= high[1])
            for channel, value in zip(channels, strength() * unit, strict=True):
                drawn = maps[channel]
                drawn[cells] = (drawn[cells] * count[cells] + value) / (count[cells] + 1)
            count[cells] += 1
    return maps
