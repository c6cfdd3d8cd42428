"""Poses over a model's skeleton as poses over that of labels, by the names of the keypoints."""

import numpy as np
import numpy.typing as npt

from posewire_server.errors import LabelsError, LocalReason
from posewire_server.pose import Poses
from posewire_server.skeletons import Skeleton
from posewire_server.tools.evaluation.task import Task


class Translation:
    """Maps the poses of a model to the K keypoints of a task.

    The skeleton of a whole person holds others under a prefix, for instance ``left_hand_``: a
    person is then one pose for each.

    Args:
        source: What the poses consist of.
        task: What is labelled.

    Raises:
        LabelsError: TASK_UNSUITED where they have no keypoint in common.
    """

    def __init__(self, source: Skeleton, task: Task) -> None:
        places = {name: index for index, name in enumerate(source.keypoints)}
        indices = [
            np.array([places.get(prefix + name, -1) for name in task.skeleton.keypoints])
            for prefix in ("", *task.prefixes)
        ]
        self._indices = [index for index in indices if (index >= 0).any()]
        if not self._indices:
            text = f"task {task.name} labels none of the keypoints of {source.name}; name another"
            raise LabelsError(LocalReason.TASK_UNSUITED, text, task=task.name)

    @property
    def keeps_order(self) -> bool:
        """Whether a pose stays one pose, at its place."""
        return len(self._indices) == 1

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """(K,) bool: which keypoints of the task the source has."""
        return np.asarray(np.any([index >= 0 for index in self._indices], axis=0))

    def __call__(self, poses: Poses) -> Poses:
        """Returns the poses over the task's keypoints; those that are not known are not found."""
        keypoints = [_take(poses, index) for index in self._indices]
        return Poses(np.concatenate(keypoints), np.tile(poses.scores, len(keypoints)))


def _take(poses: Poses, index: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    missing = np.array([np.nan, np.nan, 0.0], np.float32)
    return np.where(index[:, None] >= 0, poses.keypoints[:, index], missing)
