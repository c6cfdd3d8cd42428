"""What PaddleHub's openpose_body_estimation 1.1.0 makes of a network's output, step by step.

Written from its behaviour: cubic enlargement by 8, crop, cubic resize to the picture, Gaussian of 3
pixels, plateaus kept, ten samples, greedy matching, rows of 18 indices with score and count.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter

Floats = npt.NDArray[np.float32]
Limb = tuple[int, int]


@dataclass
class Row:
    """A pose while it grows: the index of a peak, or -1, for each keypoint."""

    peaks: list[int]
    score: float = 0.0
    count: int = 0


def enlarge(maps: Floats, size_input: tuple[int, int], size_image: tuple[int, int]) -> Floats:
    """Maps (C, H, W) enlarged by 8, cropped to the picture and resized to its size: (h, w, C)."""
    large = np.stack(
        [cv2.resize(m, (0, 0), fx=8, fy=8, interpolation=cv2.INTER_CUBIC) for m in maps]
    )
    cropped = large[:, : size_input[1], : size_input[0]]
    return np.stack(
        [
            cv2.resize(np.ascontiguousarray(m), size_image, interpolation=cv2.INTER_CUBIC)
            for m in cropped
        ],
        axis=2,
    )


def find_peaks(heatmap: Floats) -> list[tuple[int, int, float]]:
    """x, y and the unsmoothed value of each maximum of the smoothed map, row by row."""
    smooth = gaussian_filter(heatmap, sigma=3)
    padded = np.pad(smooth, 1)
    is_peak = smooth > 0.1
    for dy, dx in ((0, 1), (2, 1), (1, 0), (1, 2)):
        is_peak &= smooth >= padded[dy : dy + smooth.shape[0], dx : dx + smooth.shape[1]]
    return [(int(x), int(y), float(heatmap[y, x])) for y, x in np.argwhere(is_peak)]


def score_pairs(
    starts: list[tuple[int, int, float]],
    ends: list[tuple[int, int, float]],
    arrows: Floats,
    image_height: int,
) -> list[tuple[int, int, float]]:
    """Indices and score of each pair that passes both tests, in the order of the loops."""
    passed = []
    for i, start in enumerate(starts):
        for j, end in enumerate(ends):
            vector = np.subtract(end[:2], start[:2])
            length = np.sqrt(float(vector @ vector)) + 1e-5
            xs = np.linspace(start[0], end[0], num=10)
            ys = np.linspace(start[1], end[1], num=10)
            along = [
                float(arrows[round(y), round(x)] @ (vector / length))
                for x, y in zip(xs, ys, strict=True)
            ]
            score = sum(along) / 10 + min(0.5 * image_height / length - 1, 0)
            if sum(value > 0.05 for value in along) > 8 and score > 0:
                passed.append((i, j, score))
    return passed


def match(pairs: list[tuple[int, int, float]], limit: int) -> list[tuple[int, int, float]]:
    """The best pairs that share no peak, at most ``limit``."""
    chosen: list[tuple[int, int, float]] = []
    for i, j, score in sorted(pairs, key=lambda pair: pair[2], reverse=True):
        if len(chosen) < limit and all(i != a and j != b for a, b, _ in chosen):
            chosen.append((i, j, score))
    return chosen


def extend(rows: list[Row], limb: Limb, pair: tuple[int, int, float], gain: float) -> None:
    """Adds the end of a limb to the first row."""
    rows[0].peaks[limb[1]] = pair[1]
    rows[0].count += 1
    rows[0].score += gain


def join(
    rows: list[Row],
    limb: Limb,
    pair: tuple[int, int, float],
    scores: tuple[float, float],
    may_start: bool,
) -> list[Row]:
    """The rows after one connection."""
    start, end, score = pair
    owners = [row for row in rows if row.peaks[limb[0]] == start or row.peaks[limb[1]] == end][:2]
    if len(owners) == 1 and owners[0].peaks[limb[1]] != end:
        extend(owners, limb, pair, scores[1] + score)
    elif len(owners) == 2:
        first, second = owners
        if any(a >= 0 and b >= 0 for a, b in zip(first.peaks, second.peaks, strict=True)):
            extend(owners, limb, pair, scores[1] + score)
        else:
            first.peaks = [a + b + 1 for a, b in zip(first.peaks, second.peaks, strict=True)]
            first.count += second.count
            first.score += second.score + score
            return [row for row in rows if row is not second]
    elif not owners and may_start:
        row = Row([-1] * len(rows[0].peaks) if rows else [-1] * 18, sum(scores) + score, 2)
        row.peaks[limb[0]], row.peaks[limb[1]] = start, end
        return [*rows, row]
    return rows


def decode(
    heatmaps: Floats,
    pafs: Floats,
    limbs: tuple[Limb, ...],
    paf_channels: tuple[Limb, ...],
    size_input: tuple[int, int],
    size_image: tuple[int, int],
) -> tuple[Floats, Floats]:
    """Keypoints (P, 18, 3) in indices of picture pixels and scores (P,), best first."""
    heat = enlarge(heatmaps[:18], size_input, size_image)
    arrows = enlarge(pafs, size_input, size_image)
    peaks = [find_peaks(heat[:, :, k]) for k in range(18)]
    rows: list[Row] = []
    for index, (limb, channels) in enumerate(zip(limbs, paf_channels, strict=True)):
        starts, ends = peaks[limb[0]], peaks[limb[1]]
        pairs = score_pairs(starts, ends, arrows[:, :, list(channels)], size_image[1])
        for pair in match(pairs, min(len(starts), len(ends))):
            rows = join(rows, limb, pair, (starts[pair[0]][2], ends[pair[1]][2]), index < 17)
    kept = [row for row in rows if row.count >= 4 and row.score / row.count >= 0.4]
    kept.sort(key=lambda row: row.score, reverse=True)
    keypoints = np.full((len(kept), 18, 3), (np.nan, np.nan, 0), np.float32)
    for p, row in enumerate(kept):
        for k, peak in enumerate(row.peaks):
            if peak >= 0:
                keypoints[p, k] = peaks[k][peak]
    return keypoints, np.array([row.score / (18 + len(limbs)) for row in kept], np.float32)
