import numpy as np
import pytest
from posewire_server.errors import LabelsError
from posewire_server.pose import Poses
from posewire_server.skeletons import COCO17, HAND21, IBUG68, MPII16, OPENPOSE18, Skeleton
from posewire_server.tools.evaluation.task import TASKS, Translation, find_task, task_of

PERSON = Skeleton(
    "person",
    (
        *(f"left_hand_{name}" for name in HAND21.keypoints),
        *(f"right_hand_{name}" for name in HAND21.keypoints),
        "nose",
    ),
    (),
    (),
)


def numbered(count: int, skeleton: Skeleton) -> Poses:
    """Poses whose x is the pose's number and y the keypoint's."""
    keypoints = np.ones((count, len(skeleton.keypoints), 3), np.float32)
    keypoints[:, :, 0] = np.arange(count)[:, None]
    keypoints[:, :, 1] = np.arange(len(skeleton.keypoints))
    return Poses(keypoints, np.linspace(1, 0.5, count, dtype=np.float32))


def test_translation_to_the_same_skeleton_changes_nothing() -> None:
    translation = Translation(HAND21, find_task("hand21"))
    poses = numbered(3, HAND21)
    np.testing.assert_array_equal(translation(poses).keypoints, poses.keypoints)
    np.testing.assert_array_equal(translation(poses).scores, poses.scores)
    assert translation.keeps_order
    assert translation.known.all()


def test_translation_goes_by_the_names() -> None:
    translation = Translation(OPENPOSE18, find_task("body_multi"))
    (pose,) = translation(numbered(1, OPENPOSE18)).keypoints
    expected = [OPENPOSE18.keypoints.index(name) for name in COCO17.keypoints]
    assert pose[:, 1].tolist() == expected


def test_translation_keypoints_the_model_lacks_are_unknown_and_not_found() -> None:
    translation = Translation(OPENPOSE18, find_task("body_mpii"))
    unknown = {
        name for name, known in zip(MPII16.keypoints, translation.known, strict=True) if not known
    }
    assert unknown == {"pelvis", "thorax", "upper_neck", "head_top"}
    (pose,) = translation(numbered(1, OPENPOSE18)).keypoints
    np.testing.assert_array_equal(np.isnan(pose[:, 0]), ~translation.known)
    assert (pose[~translation.known, 2] == 0).all()


def test_translation_a_person_has_two_hands() -> None:
    translation = Translation(PERSON, find_task("hand21"))
    hands = translation(numbered(2, PERSON))
    assert hands.keypoints[:, 0, :2].tolist() == [[0, 0], [1, 0], [0, 21], [1, 21]]
    assert hands.scores.tolist() == [1.0, 0.5, 1.0, 0.5]
    assert not translation.keeps_order


def test_translation_without_a_keypoint_in_common_is_unsuited() -> None:
    with pytest.raises(LabelsError, match="hand21") as caught:
        Translation(IBUG68, find_task("hand21"))
    assert caught.value.reason == "TASK_UNSUITED"


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_translation_of_no_poses_is_none(task: object) -> None:
    poses = Translation(task.skeleton, task)(numbered(0, task.skeleton))  # type: ignore[attr-defined]
    assert len(poses) == 0


@pytest.mark.parametrize(
    ("skeleton", "name"),
    [(OPENPOSE18, "body_multi"), (MPII16, "body_mpii"), (IBUG68, "face68"), (HAND21, "hand21")],
)
def test_task_of_a_skeleton_has_its_keypoints(skeleton: Skeleton, name: str) -> None:
    assert task_of(skeleton).name == name


def test_find_task_unknown_names_all() -> None:
    with pytest.raises(LabelsError, match="body_multi, body_mpii, face68, hand21") as caught:
        find_task("feet")
    assert caught.value.reason == "TASK_UNKNOWN"
