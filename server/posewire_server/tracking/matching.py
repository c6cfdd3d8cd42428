"""Which pose is of which instance that is followed."""

from typing import Final

import numpy as np
import numpy.typing as npt

from posewire_server.tracking.assignment import assign
from posewire_server.tracking.similarity import similarities
from posewire_server.tracking.tracks import Tracks

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]
Numbers = npt.NDArray[np.int64]

# What is less similar is somebody else.
_LEAST_SIMILARITY: Final = 0.15


def match(
    tracks: Tracks,
    found: Floats,
    system_ids: Numbers,
    spreads: Floats,
    compared: Indices,
    since_s: float,
) -> Indices:
    """Returns for each pose the index of its instance, (P,), or -1.

    Those that the system follows itself are as it says. Others are matched by the similarity with
    where they are expected or, for those out of sight, with where they were last seen, whichever
    is greater: they may have walked on behind something, or come back from where they went.

    Args:
        tracks: T instances.
        found: (P, K, 2) x, y in pixels; NaN where not found.
        system_ids: (P,) of the system that follows them itself; 0: none.
        spreads: (K,) in sizes, see ``spread``.
        compared: Indices of the keypoints to compare.
        since_s: When the frame before was; what was seen then is in sight.
    """
    matches = np.full(len(found), -1, np.intp)
    known = (system_ids[:, None] == tracks.system_ids) & (system_ids[:, None] > 0)
    if known.size:
        followed = known.any(1)
        matches[followed] = known[followed].argmax(1)
    rows = np.setdiff1d(np.arange(len(tracks)), matches)
    columns = np.flatnonzero(matches < 0)
    if len(rows) and len(columns):
        pairs = assign(_gains(tracks, found[columns], rows, spreads, compared, since_s))
        matches[columns[pairs[1]]] = rows[pairs[0]]
    return matches


def _gains(
    tracks: Tracks,
    found: Floats,
    rows: Indices,
    spreads: Floats,
    compared: Indices,
    since_s: float,
) -> Floats:
    """Returns (T, P) what each pair is worth: the similarity, less for the less certain."""
    cells = np.ix_(rows, compared)
    wanted = found[:, compared]
    squares = spreads[compared] ** 2
    total = tracks.motion.place[cells] + squares
    variances = total * (tracks.sizes[rows] ** 2)[:, None]
    similar = similarities(tracks.motion.points[cells], variances, wanted)
    is_lost = tracks.seen_s[rows] < since_s
    if is_lost.any():
        last = tracks.keypoints[cells][is_lost, :, :2]
        back = similarities(last, variances[is_lost], wanted)
        similar[is_lost] = np.maximum(similar[is_lost], back)
    certain = np.sqrt(squares / total).mean(1)
    return np.where(similar < _LEAST_SIMILARITY, 0.0, similar * certain[:, None])
