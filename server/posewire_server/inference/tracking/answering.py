"""Instances that are followed, as the poses of an answer."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from posewire_server.inference.tracking.tracks import Tracks
from posewire_server.pose import Poses

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]


def recall(tracks: Tracks, rows: Indices, now_s: float, filled: Mask, left: Floats) -> Poses:
    """Returns the poses of some instances.

    Args:
        tracks: T instances of K keypoints.
        rows: (P,) which of them, in the order of the answer.
        now_s: The time of the frame.
        filled: (T, K) which keypoints were filled in.
        left: (T, K) the share of each one's score that is left.
    """
    filled, left = filled[rows], left[rows]
    there = filled | (tracks.keypoints_seen_s[rows] == now_s)
    values = np.where(there[:, :, None], tracks.keypoints[rows], np.nan)
    scores = np.where(there, tracks.keypoint_scores[rows] * left, 0.0)
    share = left.max(1, initial=0.0, where=there)
    has_sides = not np.isnan(tracks.sides).all()
    return Poses(
        keypoints=np.concatenate([values[:, :, :2], scores[:, :, None]], 2, dtype=np.float32),
        scores=(tracks.scores[rows] * share).astype(np.float32),
        depths=values[:, :, 2].astype(np.float32) if values.shape[2] > 2 else None,
        sides=tracks.sides[rows].astype(np.float32) if has_sides else None,
        ids=tracks.ids[rows],
        interpolated=filled,
    )


def put(poses: Poses, seen: Mask, recalled: Poses) -> Poses:
    """Returns all poses as they are but for those seen (P,), which are as recalled."""
    assert recalled.ids is not None, "who is recalled has an id"
    keypoints, depths, ids = poses.keypoints.copy(), poses.depths, np.zeros(len(poses), np.int64)
    interpolated = np.zeros(poses.found.shape, np.bool_)
    keypoints[seen], ids[seen] = recalled.keypoints, recalled.ids
    if recalled.interpolated is not None:
        interpolated[seen] = recalled.interpolated
    if depths is not None:
        depths = depths.copy()
        depths[seen] = recalled.depths
    return replace(poses, keypoints=keypoints, depths=depths, ids=ids, interpolated=interpolated)
