"""Tasks that models are scored in, and the mapping of their keypoints."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from posewire_server.errors import LabelsError, LocalReason
from posewire_server.pose import Poses
from posewire_server.skeletons import COCO17, HAND21, IBUG68, MPII16, Skeleton


@dataclass(frozen=True)
class Task:
    """One task of a labels file.

    Attributes:
        noun: Plural of the labelled instances.
        model: The model that is scored by default.
        datasets: Names or shell patterns of the data sets that are scored by default.
        groups: Names of data sets that are also scored together.
        left_out: Keypoints that are not scored.
        prefixes: Prefixes of these keypoints in the skeleton of a whole person, one for each
            instance of a person.
    """

    name: str
    skeleton: Skeleton
    noun: str
    model: str
    datasets: tuple[str, ...] = ("*",)
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()


TASKS = (
    Task("body_multi", COCO17, "persons", "body", datasets=("coco_*",)),
    # MPII's own figure leaves out these two.
    Task("body_mpii", MPII16, "persons", "person", left_out=("pelvis", "thorax")),
    Task(
        "face68",
        IBUG68,
        "faces",
        "face",
        # Labels from fits of a 3D face include the hidden side of the jaw; the others do not.
        groups={"2D": ("300w", "300vw", "ibug_lfpw", "menpo"), "3D": ("aflw2000_3d", "300wlp")},
        prefixes=("face_",),
    ),
    Task("hand21", HAND21, "hands", "hand", prefixes=("left_hand_", "right_hand_")),
)


def find_task(name: str) -> Task:
    """Returns the task of a name.

    Raises:
        LabelsError: TASK_UNKNOWN.
    """
    for task in TASKS:
        if name == task.name:
            return task
    known = ", ".join(task.name for task in TASKS)
    raise LabelsError(
        LocalReason.TASK_UNKNOWN, f"there is no task '{name}'; there are {known}", task=name
    )


def task_of(skeleton: Skeleton) -> Task:
    """Returns the task that has most keypoints in common with a skeleton, by their names."""
    names = set(skeleton.keypoints)
    return max(TASKS, key=lambda task: len(names & set(task.skeleton.keypoints)))


class Translation:
    """Maps the poses of a model to the K keypoints of a task, by the names of the keypoints.

    The skeleton of a whole person has other keypoints under a prefix, for instance ``left_hand_``;
    a person is then one pose for each prefix.

    Raises:
        LabelsError: TASK_UNSUITED if they have no keypoint in common.
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
        """Whether a pose maps to one pose, at the same index."""
        return len(self._indices) == 1

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """(K,) bool: keypoints of the task that the source has."""
        return np.asarray(np.any([index >= 0 for index in self._indices], axis=0))

    def __call__(self, poses: Poses) -> Poses:
        """Returns the poses over the task's keypoints; those the source lacks are not found."""
        keypoints = [_take(poses, index) for index in self._indices]
        return Poses(np.concatenate(keypoints), np.tile(poses.scores, len(keypoints)))


def _take(poses: Poses, index: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    missing = np.array([np.nan, np.nan, 0.0], np.float32)
    return np.where(index[:, None] >= 0, poses.keypoints[:, index], missing)
