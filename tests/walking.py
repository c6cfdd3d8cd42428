"""People for tests of tracking: skeletons that are moved about, as poses."""

import numpy as np
import numpy.typing as npt
from posewire_server.inference.tracking.frame_clock import FrameTime
from posewire_server.inference.tracking.tracker import Tracker
from posewire_server.pose import Poses

from tests.benchmarks.walks import SIZE, Walker

Points = npt.NDArray[np.float64]


def standing(x: float, y: float = 600.0, height: float = 300.0) -> Points:
    """Returns (18, 2): somebody whose feet are at x, y."""
    return Walker((x, y), (0.0, 0.0), height).points(0.0)


def poses_of(*people: Points, score: float = 0.8) -> Poses:
    """Returns people as a network finds them; NaN is not found."""
    points = np.array(people, np.float32).reshape(-1, 18, 2)
    scores = np.where(np.isnan(points[:, :, :1]), 0, score)
    keypoints = np.concatenate([points, scores], 2).astype(np.float32)
    return Poses(keypoints, np.full(len(points), score, np.float32))


def follow(tracker: Tracker, time_s: float, *people: Points) -> Poses:
    """Returns what the tracker answers of the next frame."""
    return tracker.update(poses_of(*people), FrameTime(time_s), SIZE)


def ids(poses: Poses) -> list[int]:
    """Returns who is who."""
    assert poses.ids is not None
    return [int(number) for number in poses.ids]
