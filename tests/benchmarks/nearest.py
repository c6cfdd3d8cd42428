"""A plain tracker to compare with: each box keeps the id of the box that it overlaps most."""

from dataclasses import replace

import numpy as np
from posewire_server.pose import Poses
from posewire_server.tools.evaluation.distance import match


class NearestBoxes:
    """Follows boxes without motion: those that overlap most first, out of sight for a second."""

    def __init__(self) -> None:
        self._ids = np.zeros(0, np.int64)
        self._points = np.zeros((0, 0, 2))
        self._seen_s = np.zeros(0)
        self._next_id = 1

    def follow(self, poses: Poses, time_s: float) -> Poses:
        """Returns the poses of the next frame with ids."""
        found = poses.keypoints[:, :, :2].astype(np.float64)
        is_alive = time_s - self._seen_s <= 1.0
        known = self._points[is_alive] if is_alive.any() else found[:0]
        pose_of = match(known, found)
        ids = np.zeros(len(poses), np.int64)
        ids[pose_of[pose_of >= 0]] = self._ids[is_alive][pose_of >= 0]
        is_new = ids == 0
        ids[is_new] = self._next_id + np.arange(is_new.sum())
        self._next_id += int(is_new.sum())
        lost = pose_of < 0
        self._ids = np.concatenate([self._ids[is_alive][lost], ids])
        self._points = np.concatenate([known[lost], found])
        self._seen_s = np.append(self._seen_s[is_alive][lost], np.full(len(ids), time_s))
        return replace(poses, ids=ids)
