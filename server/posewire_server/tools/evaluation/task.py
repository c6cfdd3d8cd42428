"""The tasks that models are scored in: what is labelled, and which data sets belong together."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from posewire_server.errors import LabelsError, LocalReason
from posewire_server.skeletons import COCO17, HAND21, IBUG68, MPII16, Skeleton


@dataclass(frozen=True)
class Task:
    """One task of a labels file.

    Attributes:
        name: As the labels file has it.
        skeleton: The order of its labels.
        noun: What is labelled, in the plural.
        model: The model that is scored unless another is named.
        datasets: Names or shell patterns of the data sets that are scored unless others are named.
        groups: Names of the data sets that are also scored together, by what they have in common.
        left_out: Keypoints that are not scored.
        prefixes: What the names of these keypoints begin with in the skeleton of a whole person,
            one for each instance that a person has of them.
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
