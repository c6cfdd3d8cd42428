"""Which pose is of which instance that is followed."""

from typing import Final

import numpy as np
import numpy.typing as npt

from posewire_server.inference.tracking.assignment import assign
from posewire_server.inference.tracking.similarity import centre, similarity
from posewire_server.inference.tracking.spread import compared_of, spreads_of
from posewire_server.inference.tracking.tracks import Tracks
from posewire_server.skeletons import Skeleton

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]
Numbers = npt.NDArray[np.int64]

# What is less similar is somebody else.
_LEAST_SIMILARITY: Final = 0.1
# So many keypoints in common are half as convincing as very many: parts of somebody are often found
# beside the whole.
_FEW: Final = 2.0
# How much less convincing is what was only just seen, and for how long: it may be no instance.
_YOUNG: Final = 0.3
_YOUNG_S: Final = 0.2
# What is farther away, in sizes, is not compared.
_NEAR: Final = 1.2
# What is similar only with left and right exchanged: networks take a back for a front.
_MIRRORED: Final = 0.8
# What leaves no question.
_SURE: Final = 0.6


class Matcher:
    """Tells poses of one skeleton apart.

    Args:
        skeleton: What they consist of.
    """

    def __init__(self, skeleton: Skeleton) -> None:
        names = skeleton.keypoints
        self._compared = compared_of(names)
        self._squares = spreads_of(names)[self._compared] ** 2
        others = dict(skeleton.symmetric_pairs) | {b: a for a, b in skeleton.symmetric_pairs}
        self._mirror = np.array([others.get(each, each) for each in self._compared.tolist()])

    def match(self, tracks: Tracks, found: Floats, system_ids: Numbers, since_s: float) -> Indices:
        """Returns for each pose the row of its instance, (P,), or -1.

        Those that the system follows itself are as it says. Others are matched by the similarity
        with where they are expected or, for those out of sight, with where they were last seen,
        whichever is greater: they may have walked on behind something, or come back from where
        they went.

        Args:
            tracks: T instances.
            found: (P, K, 2) x, y in pixels; NaN where not found.
            system_ids: (P,) of the system that follows them itself; 0: none.
            since_s: When the frame before was; what was seen then is in sight.
        """
        matches = np.full(len(found), -1, np.intp)
        if system_ids.any() and len(tracks):
            known = (system_ids[:, None] == tracks.system_ids) & (system_ids[:, None] > 0)
            followed = known.any(1)
            matches[followed] = known[followed].argmax(1)
        is_free = np.ones(len(tracks), np.bool_)
        is_free[matches[matches >= 0]] = False
        rows, columns = np.flatnonzero(is_free), np.flatnonzero(matches < 0)
        if len(rows) and len(columns):
            pairs = assign(self._gains(tracks, found[columns], rows, since_s))
            matches[columns[pairs[1]]] = rows[pairs[0]]
        return matches

    def _gains(self, tracks: Tracks, found: Floats, rows: Indices, since_s: float) -> Floats:
        """Returns (T, P) what each pair is worth: the similarity, less for the less certain."""
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
        """Returns (T, P) similarities, less where little is common to the two."""
        wanted = found[:, self._compared]
        (here, known), (there, given) = centre(expected), centre(wanted)
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
        similar[similar < _LEAST_SIMILARITY] = 0.0
        gains = np.zeros(near.shape)
        gains[row, column] = similar * shared
        return gains
