"""What OpenPose 1.7 makes of a network's output on a CPU at one scale, step by step.

Written from its behaviour: every map enlarged by 8 with cubic interpolation, strict maxima of
eight neighbours (equal ones allowed one pixel from the edge), 7 x 7 centroid, 127 peaks a keypoint
from the top, 5 to 25 samples, greedy matching, rows found by the start of a limb alone.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Limb = tuple[int, int]
Peak = tuple[float, float, float]
THRESHOLD = np.float32(0.05)


@dataclass
class Row:
    """A pose while it grows: the index of a peak, or -1, for each keypoint."""

    peaks: list[int]
    score: float
    count: int


def enlarge(maps: Floats) -> Floats:
    """Maps (C, H, W) enlarged by 8."""
    size = (maps.shape[2] * 8, maps.shape[1] * 8)
    return np.stack([cv2.resize(m, size, interpolation=cv2.INTER_CUBIC) for m in maps])


def is_peak(heatmap: Floats, x: int, y: int) -> bool:
    """Whether a pixel above the threshold is a maximum."""
    height, width = heatmap.shape
    value = heatmap[y, x]
    inside = 1 < x < width - 2 and 1 < y < height - 2
    if not inside and x not in (1, width - 2) and y not in (1, height - 2):
        return False
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            exists = 0 <= x + dx < width and 0 <= y + dy < height
            other = heatmap[y + dy, x + dx] if exists else THRESHOLD
            passes = value > other if inside else value >= other
            if (dx or dy) and not passes:
                return False
    return True


def centroid(heatmap: Floats, x: int, y: int) -> Peak:
    """Mean of 7 x 7 pixels around a peak, weighted by positive values, and its own value."""
    height, width = heatmap.shape
    total = sum_x = sum_y = np.float32(0)
    for row in range(max(y - 3, 0), min(y + 4, height)):
        for column in range(max(x - 3, 0), min(x + 4, width)):
            value = heatmap[row, column]
            if value > 0:
                sum_x += np.float32(column) * value
                sum_y += np.float32(row) * value
                total += value
    return float(sum_x / total) + 0.5, float(sum_y / total) + 0.5, float(heatmap[y, x])


def find_peaks(heatmap: Floats) -> list[Peak]:
    """The first 127 peaks, row by row."""
    pixels = [(x, y) for y, x in np.argwhere(heatmap > THRESHOLD) if is_peak(heatmap, x, y)]
    return [centroid(heatmap, x, y) for x, y in pixels[:127]]


def score_pair(start: Peak, end: Peak, field: Floats) -> float:
    """The mean of the samples above the threshold, if more than 95 % are; field: (2, H, W)."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = math.hypot(dx, dy)
    if length <= 1e-6:
        return 0.0
    samples = max(5, min(25, int(math.sqrt(5 * max(abs(dx), abs(dy))) + 0.5)))
    height, width = field.shape[1:]
    hits = []
    for i in range(samples):
        x = max(0, min(width - 1, int(start[0] + i * dx / samples + 0.5)))
        y = max(0, min(height - 1, int(start[1] + i * dy / samples + 0.5)))
        along = (dx * float(field[0, y, x]) + dy * float(field[1, y, x])) / length
        if along > 0.05:
            hits.append(along)
    if len(hits) / samples > 0.95:
        return sum(hits) / len(hits)
    return 0.05 + 1e-6 if length < math.sqrt(width * height) / 150 else 0.0


def match(starts: list[Peak], ends: list[Peak], field: Floats) -> list[tuple[int, int, float]]:
    """The best pairs that share no peak."""
    pairs = [
        (score_pair(start, end, field), i, j)
        for i, start in enumerate(starts)
        for j, end in enumerate(ends)
    ]
    chosen: list[tuple[int, int, float]] = []
    for score, i, j in sorted(pairs, reverse=True):
        if score > 1e-6 and all(i != a and j != b for a, b, _ in chosen):
            chosen.append((i, j, score))
    return chosen


def add_lone(rows: list[Row], peaks: list[Peak], keypoint: int) -> None:
    """Starts a row for each peak that is in none."""
    for index, peak in enumerate(peaks):
        if all(row.peaks[keypoint] != index for row in rows):
            row = Row([-1] * 18, peak[2], 1)
            row.peaks[keypoint] = index
            rows.append(row)


def extend(rows: list[Row], limb: Limb, pair: tuple[int, int, float]) -> None:
    """Gives every row that has one end of a last limb the other, uncounted."""
    for row in rows:
        if row.peaks[limb[0]] == pair[0] and row.peaks[limb[1]] < 0:
            row.peaks[limb[1]] = pair[1]
        elif row.peaks[limb[1]] == pair[1] and row.peaks[limb[0]] < 0:
            row.peaks[limb[0]] = pair[0]


def join(
    rows: list[Row], limb: Limb, pair: tuple[int, int, float], scores: tuple[float, float]
) -> None:
    """Adds a connection to the first row with its start, or starts a row."""
    gain = scores[1] + pair[2]
    for row in rows:
        if row.peaks[limb[0]] == pair[0]:
            row.peaks[limb[1]] = pair[1]
            row.count += 1
            row.score += gain
            return
    row = Row([-1] * 18, scores[0] + gain, 2)
    row.peaks[limb[0]], row.peaks[limb[1]] = pair[:2]
    rows.append(row)


def decode(
    heatmaps: Floats, pafs: Floats, limbs: tuple[Limb, ...], paf_channels: tuple[Limb, ...]
) -> tuple[Floats, Floats]:
    """Keypoints (P, 18, 3) in input pixels with a corner origin and scores (P,), best first."""
    peaks = [find_peaks(m) for m in enlarge(heatmaps[:18])]
    arrows = enlarge(pafs)
    rows: list[Row] = []
    for index, (limb, channels) in enumerate(zip(limbs, paf_channels, strict=True)):
        starts, ends = peaks[limb[0]], peaks[limb[1]]
        if not starts or not ends:
            lone = limb[0] if starts else limb[1]
            add_lone(rows, peaks[lone], lone)
            continue
        for pair in match(starts, ends, arrows[list(channels)]):
            if index < 17:
                join(rows, limb, pair, (starts[pair[0]][2], ends[pair[1]][2]))
            else:
                extend(rows, limb, pair)
    kept = [row for row in rows if row.count >= 3 and row.score / row.count >= 0.4]
    kept.sort(key=lambda row: row.score, reverse=True)
    keypoints = np.full((len(kept), 18, 3), (np.nan, np.nan, 0), np.float32)
    for p, row in enumerate(kept):
        for k, peak in enumerate(row.peaks):
            if peak >= 0:
                keypoints[p, k] = peaks[k][peak]
    return keypoints, np.array([row.score / (18 + len(limbs)) for row in kept], np.float32)
