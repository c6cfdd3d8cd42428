"""Short gaps: keypoints and instances that were not found, where they are expected."""

import numpy as np
import numpy.typing as npt

from posewire_server.inference.tracking.tracks import Tracks

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

# A gap of just the longest length is filled in, however its ends are rounded.
_ROUNDING_S = 1e-6


def fill_gaps(
    tracks: Tracks, now_s: float, fill_gap_s: float, size_image: tuple[int, int]
) -> tuple[Mask, Floats]:
    """Puts keypoints that were not found where they are expected.

    These are the ones that were found for the last time before now, but not longer ago than
    ``fill_gap_s``, and are expected inside the picture.

    Args:
        tracks: T instances of K keypoints.
        now_s: The time of the frame.
        fill_gap_s: The longest gap; 0: nothing is filled in.
        size_image: Width and height of the frame.

    Returns:
        (T, K) which they are; (T, K) the share of each one's score that is left: it falls to half
        over the longest gap.
    """
    if not fill_gap_s:
        shape = tracks.keypoint_scores.shape
        return np.zeros(shape, np.bool_), np.ones(shape)
    points = tracks.motion.points
    gap_s = now_s - tracks.keypoints_seen_s
    is_inside = ((points >= 0) & (points <= size_image)).all(2)
    filled = is_inside & (gap_s > 0) & (gap_s <= fill_gap_s + _ROUNDING_S)
    tracks.keypoints[filled, :2] = points[filled]
    return filled, np.where(filled, 1 - gap_s / (2 * fill_gap_s), 1.0)
