"""Data association: poses to tracks."""

from typing import Final

import numpy as np
import numpy.typing as npt

from posewire_server.inference.tracking.assignment import assign
from posewire_server.inference.tracking.keypoint_similarity import (
    centroids,
    compared_of,
    sigmas_of,
    similarity,
)
from posewire_server.inference.tracking.tracks import Tracks
from posewire_server.skeletons import Skeleton

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]
Ids = npt.NDArray[np.int64]

# Less similar poses are of different instances.
_MIN_SIMILARITY: Final = 0.1
# This number of common keypoints is half as convincing as very many: parts of somebody are often
# found next to the whole.
_FEW: Final = 2.0
# A new track is less convincing by this share, which fades in this time: it may be no instance.
_YOUNG: Final = 0.3
_YOUNG_S: Final = 0.2
# Poses farther away, in sizes, are not compared.
_NEAR: Final = 1.2
# Weight of the similarity with left and right exchanged: networks take a back for a front.
_MIRRORED: Final = 0.8
# Pairs above this are not compared mirrored.
_SURE: Final = 0.6
# Fewer instances may as well have moved themselves.
_MIN_CAMERA_INSTANCES: Final = 3


class Matcher:
    """Association of poses of one skeleton with tracks."""

    def __init__(self, skeleton: Skeleton) -> None:
        names = skeleton.keypoints
        self._compared = compared_of(names)
        self._squares = sigmas_of(names)[self._compared] ** 2
        others = dict(skeleton.symmetric_pairs) | {b: a for a, b in skeleton.symmetric_pairs}
        self._mirror = np.array([others.get(each, each) for each in self._compared.tolist()])

    def match(self, tracks: Tracks, found: Floats, ids: Ids, since_s: float) -> Indices:
        """Returns (P,) for each pose the row of its track, or -1.

        A pose whose id is known keeps its track. Others are assigned by their similarity to where
        the track is expected or, if it was last seen before ``since_s``, to where that was,
        whichever is greater: it may have walked on behind something, or come back.

        Args:
            found: (P, K, 2) x, y in pixels; NaN if not found.
            ids: (P,) id of the track in whose crop each was read; 0: unknown.
        """
        matches = np.full(len(found), -1, np.intp)
        if ids.any() and len(tracks):
            known = ids[:, None] == tracks.ids
            matches[known.any(1)] = known.argmax(1)[known.any(1)]
        is_free = np.ones(len(tracks), np.bool_)
        is_free[matches[matches >= 0]] = False
        rows, columns = np.flatnonzero(is_free), np.flatnonzero(matches < 0)
        if len(rows) and len(columns):
            pairs = assign(self._gains(tracks, found[columns], rows, since_s))
            matches[columns[pairs[1]]] = rows[pairs[0]]
        return matches

    def _gains(self, tracks: Tracks, found: Floats, rows: Indices, since_s: float) -> Floats:
        """Returns (T, P) the gain of each pair: the similarity, lower for less certain tracks."""
        cells = rows[:, None], self._compared
        sizes, seen_s = tracks.sizes[rows], tracks.seen_s[rows]
        total = tracks.motion.place[cells] + self._squares
        variances = total * (sizes * sizes)[:, None]
        gains = self._similar(tracks.motion.points[cells], variances, found, sizes)
        lost = np.flatnonzero(seen_s < since_s)
        if len(lost):
            last = tracks.keypoints[rows[lost, None], self._compared, :2]
            back = self._similar(last, variances[lost], found, sizes[lost])
            gains[lost] = np.maximum(gains[lost], back)
        certain = np.sqrt(self._squares / total).mean(1)
        certain *= 1 - _YOUNG * np.exp((tracks.new_s[rows] - seen_s) / _YOUNG_S)
        return np.asarray(gains * certain[:, None])

    def _similar(self, expected: Floats, variances: Floats, found: Floats, sizes: Floats) -> Floats:
        """Returns (T, P) similarities, lower if few keypoints are common."""
        wanted = found[:, self._compared]
        (here, known), (there, given) = centroids(expected), centroids(wanted)
        apart = here[:, None] - there
        near = np.hypot(apart[:, :, 0], apart[:, :, 1]) < _NEAR * sizes[:, None]
        row, column = np.nonzero(near)
        similar, common = similarity(expected[row], variances[row], wanted[column])
        shared = common / (np.maximum(known[row], given[column]) + _FEW)
        is_sure = np.zeros(near.shape, np.bool_)
        is_sure[row, column] = similar * shared > _SURE
        is_settled = np.asarray(is_sure.any(1, keepdims=True) | is_sure.any(0))
        is_open = ~is_settled[row, column]
        if is_open.any():
            mirrored = found[column[is_open, None], self._mirror]
            crossed, _ = similarity(expected[row[is_open]], variances[row[is_open]], mirrored)
            similar[is_open] = np.maximum(similar[is_open], _MIRRORED * crossed)
        similar[similar < _MIN_SIMILARITY] = 0.0
        gains = np.zeros(near.shape)
        gains[row, column] = similar * shared
        return gains


def camera_shift(expected: Floats, found: Floats) -> Floats:
    """Returns (2,) the camera's motion: the median shift of instances (M, K, 2) in pixels."""
    if len(found) < _MIN_CAMERA_INSTANCES:
        return np.zeros(2)
    shifts, _ = centroids(found - expected)
    return np.asarray(np.median(shifts, axis=0))
