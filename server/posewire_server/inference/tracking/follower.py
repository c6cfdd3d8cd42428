"""Follows the instances of one stream: ids, smoothed keypoints, short gaps filled in."""

import time
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from posewire_server.inference.tracking.answering import put, recall
from posewire_server.inference.tracking.camera import camera_shift
from posewire_server.inference.tracking.clock import Clock, Moment
from posewire_server.inference.tracking.gaps import fill_gaps
from posewire_server.inference.tracking.matching import Matcher
from posewire_server.inference.tracking.motion import Motion
from posewire_server.inference.tracking.one_euro import OneEuro
from posewire_server.inference.tracking.settings import TrackingSettings
from posewire_server.inference.tracking.spread import diagonals, spreads_of
from posewire_server.inference.tracking.tracks import Tracks
from posewire_server.pose import Poses
from posewire_server.skeletons import Skeleton

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]
Numbers = npt.NDArray[np.int64]

# What is less, in sizes of the smallest instance, is none.
_JOLT: Final = 0.01


class Follower:
    """Follows the instances of one stream, frame by frame.

    Args:
        skeleton: What they consist of.
        settings: How to follow them.
    """

    def __init__(self, skeleton: Skeleton, settings: TrackingSettings) -> None:
        self._settings = settings
        self._spreads, self._matcher = spreads_of(skeleton.keypoints), Matcher(skeleton)
        self._clock = Clock()
        self._now_s = self._before_s = 0.0
        self._next_id = 1
        self._tracks: Tracks | None = None

    def follow(
        self,
        poses: Poses,
        moment: Moment | None,
        size_image: tuple[int, int],
        *,
        is_closed: bool = False,
    ) -> Poses:
        """Returns the poses of the next frame with ids, best score first.

        Args:
            poses: As found; their ids, where they have some, are the system's.
            moment: When the frame was; None: now.
            size_image: Its width and height.
            is_closed: Whether to answer with just these poses, in this order; those of which
                nothing was found have id 0.
        """
        self._before_s = self._now_s
        self._now_s = self._clock.tell(moment or Moment(time.monotonic()))
        tracks = self._advance(poses)
        if tracks is None:
            return replace(poses, ids=np.zeros(len(poses), np.int64))
        is_instance = poses.found.any(1) & (poses.scores > 0)
        rows = np.full(len(poses), -1, np.intp)
        chosen = poses if is_instance.all() else poses.take(is_instance)
        if len(chosen):
            rows[is_instance] = self._find(tracks, chosen)
        return self._answer(poses, rows, size_image, is_closed=is_closed)

    def _advance(self, poses: Poses) -> Tracks | None:
        """Returns those that may still be seen again, now; None before anybody was seen."""
        if self._tracks is None and len(poses):
            self._tracks = self._start(poses.take(slice(0)))
        if self._tracks is not None:
            is_alive = self._tracks.seen_s >= self._now_s - self._settings.max_gap_s
            if not is_alive.all():
                self._tracks = self._tracks.take(is_alive)
            self._tracks.motion.step(self._now_s - self._before_s)
        return self._tracks

    def _find(self, tracks: Tracks, poses: Poses) -> Indices:
        """Returns the row of each pose; the tracks know then that these were seen."""
        found = _coordinates(poses)
        system_ids = poses.ids if poses.ids is not None else np.zeros(len(poses), np.int64)
        rows = self._match(tracks, found[:, :, :2], system_ids)
        is_new = rows < 0
        if not is_new.any():
            self._correct(tracks, rows, poses, found)
        else:
            self._correct(tracks, rows[~is_new], poses.take(~is_new), found[~is_new])
            rows[is_new] = len(tracks) + np.arange(is_new.sum())
            self._tracks = tracks.join(self._start(poses.take(is_new)))
        return rows

    def _match(self, tracks: Tracks, points: Floats, system_ids: Numbers) -> Indices:
        """Returns the row of each pose, or -1; after a jolt of the camera, at second sight."""
        rows = self._matcher.match(tracks, points, system_ids, self._before_s)
        seen = rows >= 0
        if seen.all() or seen.sum() == len(tracks):
            return rows
        shift = camera_shift(tracks.motion.points[rows[seen]], points[seen])
        if np.hypot(*shift) < _JOLT * tracks.sizes.min():
            return rows
        tracks.move(shift)
        return self._matcher.match(tracks, points, system_ids, self._before_s)

    def _start(self, poses: Poses) -> Tracks:
        """Returns new instances."""
        count, found = len(poses), _coordinates(poses)
        ids = np.arange(self._next_id, self._next_id + count)
        self._next_id += count
        smoothing = self._settings.smoothing
        return Tracks(
            ids=ids,
            system_ids=poses.ids.copy() if poses.ids is not None else np.zeros(count, np.int64),
            new_s=np.full(count, self._now_s),
            seen_s=np.full(count, self._now_s),
            sizes=diagonals(found[:, :, :2]),
            scores=poses.scores.astype(np.float64),
            sides=np.full(count, np.nan) if poses.sides is None else poses.sides.astype(np.float64),
            keypoints=found,
            keypoint_scores=poses.keypoints[:, :, 2].astype(np.float64),
            keypoints_seen_s=np.where(poses.found, self._now_s, -np.inf),
            motion=Motion.start(found[:, :, :2], self._spreads),
            smoother=OneEuro.start(smoothing, found, self._now_s) if smoothing else None,
        )

    def _correct(self, tracks: Tracks, rows: Indices, poses: Poses, found: Floats) -> None:
        """Notes what was found of instances (M,)."""
        seen = np.zeros(len(tracks), np.bool_)
        seen[rows] = True
        everything = np.full(tracks.keypoints.shape, np.nan)
        everything[rows] = found
        points = everything[:, :, :2]
        tracks.measure(points, seen, self._now_s - self._before_s)
        tracks.motion.correct(points, tracks.sizes, self._spreads)
        if tracks.smoother is not None:
            everything = tracks.smoother.smooth(everything, tracks.sizes, self._now_s)
        there = ~np.isnan(everything[:, :, 0])
        np.copyto(tracks.keypoints, everything, where=there[:, :, None])
        tracks.keypoints_seen_s[there] = self._now_s
        scores = poses.keypoints[:, :, 2]
        tracks.keypoint_scores[rows] = np.where(poses.found, scores, tracks.keypoint_scores[rows])
        tracks.seen_s[rows], tracks.scores[rows] = self._now_s, poses.scores
        if poses.sides is not None:
            tracks.sides[rows] = poses.sides
        if poses.ids is not None:
            tracks.system_ids[rows] = poses.ids

    def _answer(
        self, poses: Poses, rows: Indices, size_image: tuple[int, int], *, is_closed: bool
    ) -> Poses:
        tracks, seen = self._tracks, rows >= 0
        assert tracks is not None, "poses have tracks by now"
        if not (self._settings.fill_gap_s or self._settings.smoothing) and seen.all():
            return replace(poses, ids=tracks.ids[rows])
        filled, left = fill_gaps(tracks, self._now_s, self._settings.fill_gap_s, size_image)
        if is_closed:
            return put(poses, seen, recall(tracks, rows[seen], self._now_s, filled, left))
        is_unseen = np.asarray(filled.any(1))
        is_unseen[rows[seen]] = False
        unseen = np.flatnonzero(is_unseen)
        shown = np.concatenate([rows[seen], unseen])
        answered = recall(tracks, shown, self._now_s, filled, left)
        if not len(unseen):
            return answered
        return answered.take(np.argsort(-answered.scores, kind="stable"))


def _coordinates(poses: Poses) -> Floats:
    """Returns x, y and, where the model has it, depth of keypoints; (P, K, C)."""
    points = poses.keypoints[:, :, :2]
    if poses.depths is not None:
        points = np.concatenate([points, poses.depths[:, :, None]], axis=2)
    return points.astype(np.float64)
