"""Tracker of the instances of one stream: ids, smoothed keypoints, short gaps filled in."""

import time
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from posewire_server.inference.tracking.frame_clock import FrameTime, StreamClock
from posewire_server.inference.tracking.keypoint_similarity import diagonals, sigmas_of
from posewire_server.inference.tracking.matcher import Matcher, camera_shift
from posewire_server.inference.tracking.motion_model import MotionModel
from posewire_server.inference.tracking.one_euro import OneEuroFilter
from posewire_server.inference.tracking.tracking_settings import TrackingSettings
from posewire_server.inference.tracking.tracks import Tracks
from posewire_server.pose import Poses
from posewire_server.skeletons import Skeleton

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]
Ids = npt.NDArray[np.int64]

# Smaller shifts of the camera, in sizes of the smallest instance, are ignored.
_MIN_SHIFT: Final = 0.01


class Tracker:
    """Tracker of one skeleton over the frames of one stream.

    Attributes:
        found_ids: (P,) the id of each pose given to the last update; 0: nothing was found of it.
    """

    def __init__(self, skeleton: Skeleton, settings: TrackingSettings) -> None:
        self.found_ids: Ids = np.zeros(0, np.int64)
        self._settings = settings
        self._sigmas, self._matcher = sigmas_of(skeleton.keypoints), Matcher(skeleton)
        self._clock = StreamClock()
        self._now_s = self._before_s = 0.0
        self._next_id = 1
        self._tracks: Tracks | None = None

    def update(
        self,
        poses: Poses,
        frame_time: FrameTime | None,
        size_image: tuple[int, int],
        *,
        is_closed: bool = False,
    ) -> Poses:
        """Returns the poses of the next frame with ids, best score first.

        Args:
            poses: Their ids, if any, are ``found_ids`` of the instances in whose crops they were
                read; 0: unknown.
            frame_time: None: now.
            is_closed: Whether to answer with exactly these poses, in this order; those of which
                nothing was found have id 0.
        """
        self._before_s = self._now_s
        self._now_s = self._clock.next_s(frame_time or FrameTime(time.monotonic()))
        tracks = self._predict(poses)
        self.found_ids = np.zeros(len(poses), np.int64)
        if tracks is None:
            return replace(poses, ids=self.found_ids)
        is_instance = poses.found.any(1) & (poses.scores > 0)
        rows = np.full(len(poses), -1, np.intp)
        if is_instance.any():
            rows[is_instance] = self._associate(tracks, poses.take(is_instance))
        return self._answer(poses, rows, size_image, is_closed=is_closed)

    def _predict(self, poses: Poses) -> Tracks | None:
        """Returns the living tracks where they are expected now; None before the first pose."""
        if self._tracks is None and len(poses):
            self._tracks = self._start(poses.take(slice(0)))
        if self._tracks is not None:
            is_alive = self._tracks.seen_s >= self._now_s - self._settings.max_gap_s
            if not is_alive.all():
                self._tracks = self._tracks.take(is_alive)
            self._tracks.motion.predict(self._now_s - self._before_s)
        return self._tracks

    def _associate(self, tracks: Tracks, poses: Poses) -> Indices:
        """Returns the row of each pose after updating its track or starting one."""
        found = _coordinates(poses)
        ids = poses.ids if poses.ids is not None else np.zeros(len(poses), np.int64)
        rows = self._match(tracks, found[:, :, :2], ids)
        is_new = rows < 0
        self._correct(tracks, rows[~is_new], poses.take(~is_new), found[~is_new])
        if is_new.any():
            rows[is_new] = len(tracks) + np.arange(is_new.sum())
            self._tracks = tracks.join(self._start(poses.take(is_new)))
        return rows

    def _match(self, tracks: Tracks, points: Floats, ids: Ids) -> Indices:
        """Returns the row of each pose, or -1; matches again if the camera moved."""
        rows = self._matcher.match(tracks, points, ids, self._before_s)
        seen = rows >= 0
        if seen.all() or seen.sum() == len(tracks):
            return rows
        shift = camera_shift(tracks.motion.points[rows[seen]], points[seen])
        if np.hypot(*shift) < _MIN_SHIFT * tracks.sizes.min():
            return rows
        tracks.move(shift)
        return self._matcher.match(tracks, points, ids, self._before_s)

    def _start(self, poses: Poses) -> Tracks:
        count, found = len(poses), _coordinates(poses)
        ids = np.arange(self._next_id, self._next_id + count)
        self._next_id += count
        smoothing = self._settings.smoothing
        return Tracks(
            ids=ids,
            new_s=np.full(count, self._now_s),
            seen_s=np.full(count, self._now_s),
            sizes=diagonals(found[:, :, :2]),
            scores=poses.scores.astype(np.float64),
            sides=np.full(count, np.nan) if poses.sides is None else poses.sides.astype(np.float64),
            keypoints=found,
            keypoint_scores=poses.keypoints[:, :, 2].astype(np.float64),
            keypoints_seen_s=np.where(poses.found, self._now_s, -np.inf),
            motion=MotionModel.start(found[:, :, :2], self._sigmas),
            smoother=OneEuroFilter.start(smoothing, found, self._now_s) if smoothing else None,
        )

    def _correct(self, tracks: Tracks, rows: Indices, poses: Poses, found: Floats) -> None:
        seen = np.zeros(len(tracks), np.bool_)
        seen[rows] = True
        everything = np.full(tracks.keypoints.shape, np.nan)
        everything[rows] = found
        points = everything[:, :, :2]
        tracks.measure(points, seen, self._now_s - self._before_s)
        tracks.motion.update(points, tracks.sizes, self._sigmas)
        if tracks.smoother is not None:
            everything = tracks.smoother.smooth(everything, tracks.sizes, self._now_s)
        is_found = ~np.isnan(everything[:, :, 0])
        np.copyto(tracks.keypoints, everything, where=is_found[:, :, None])
        tracks.keypoints_seen_s[is_found] = self._now_s
        scores = poses.keypoints[:, :, 2]
        tracks.keypoint_scores[rows] = np.where(poses.found, scores, tracks.keypoint_scores[rows])
        tracks.seen_s[rows], tracks.scores[rows] = self._now_s, poses.scores
        if poses.sides is not None:
            tracks.sides[rows] = poses.sides

    def _answer(
        self, poses: Poses, rows: Indices, size_image: tuple[int, int], *, is_closed: bool
    ) -> Poses:
        tracks, seen = self._tracks, rows >= 0
        assert tracks is not None, "poses have tracks by now"
        self.found_ids[seen] = tracks.ids[rows[seen]]
        if not (self._settings.fill_gap_s or self._settings.smoothing) and seen.all():
            return replace(poses, ids=self.found_ids)
        filled, left = tracks.fill_gaps(self._now_s, self._settings.fill_gap_s, size_image)
        if is_closed:
            tracked = tracks.poses(rows[seen], self._now_s, filled, left)
            return _replace_seen(poses, seen, tracked)
        is_unseen = np.asarray(filled.any(1))
        is_unseen[rows[seen]] = False
        unseen = np.flatnonzero(is_unseen)
        rows = np.concatenate([rows[seen], unseen])
        answer = tracks.poses(rows, self._now_s, filled, left)
        if not len(unseen):
            return answer
        return answer.take(np.argsort(-answer.scores, kind="stable"))


def _replace_seen(poses: Poses, seen: npt.NDArray[np.bool_], tracked: Poses) -> Poses:
    """Returns poses with the rows of a mask (P,) replaced by tracked ones; others have id 0."""
    assert tracked.ids is not None, "tracked poses have ids"
    keypoints, depths, ids = poses.keypoints.copy(), poses.depths, np.zeros(len(poses), np.int64)
    interpolated = np.zeros(poses.found.shape, np.bool_)
    keypoints[seen], ids[seen] = tracked.keypoints, tracked.ids
    if tracked.interpolated is not None:
        interpolated[seen] = tracked.interpolated
    if depths is not None:
        depths = depths.copy()
        depths[seen] = tracked.depths
    return replace(poses, keypoints=keypoints, depths=depths, ids=ids, interpolated=interpolated)


def _coordinates(poses: Poses) -> Floats:
    points = poses.keypoints[:, :, :2]
    if poses.depths is not None:
        points = np.concatenate([points, poses.depths[:, :, None]], axis=2)
    return points.astype(np.float64)
