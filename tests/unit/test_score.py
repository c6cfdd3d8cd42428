from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from posewire_server.frame import Region
from posewire_server.pose import Poses
from posewire_server.tools.evaluation.labels import Instance, LabelledPicture
from posewire_server.tools.evaluation.score import score, score_datasets
from posewire_server.tools.evaluation.task import TASKS, Task, Translation, find_task

Array = npt.NDArray[np.float64]
BODY, FACE, HAND = (find_task(name) for name in ("body_mpii", "face68", "hand21"))
SIZES = {
    "box_max": 100.0,
    "box_sqrt": 80.0,
    "inter_ocular": 40.0,
    "inter_pupil": 20.0,
    "head": 10.0,
}
PELVIS, WRIST, ELBOW = (
    BODY.skeleton.keypoints.index(n) for n in ("pelvis", "left_wrist", "left_elbow")
)


def picture(task: Task, dataset: str = "own", seed: int = 0) -> LabelledPicture:
    """A picture with one instance, of which every keypoint is labelled."""
    count = len(task.skeleton.keypoints)
    points = np.random.default_rng(seed).uniform(10, 110, (count, 2))
    keypoints = np.column_stack([points, np.full(count, 2.0)])
    instance = Instance(keypoints, Region(10, 10, 110, 110), 5000.0, sizes=SIZES)
    return LabelledPicture(Path("p.png"), dataset, (200, 200), (instance,))


def found(one: LabelledPicture, **shifts: float) -> Poses:
    """The labels as a pose, keypoints moved to the right as told: ``k3=7`` or ``all=7``."""
    points = one.instances[0].keypoints.astype(np.float32)
    for name, shift in shifts.items():
        points[slice(None) if name == "all" else int(name[1:]), 0] += shift
    return Poses(points[None], np.ones(1, np.float32))


def figures(task: Task, pictures: list[LabelledPicture], poses: list[Poses]) -> dict[str, float]:
    return dict(score(task, pictures, poses, Translation(task.skeleton, task)).figures)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_score_of_the_labels_themselves_is_perfect(task: Task) -> None:
    one = picture(task)
    values = figures(task, [one], [found(one)])
    assert values.pop("images") == values.pop(task.noun) == 1
    for name, value in values.items():
        perfect = 0.0 if name.startswith(("NME", "EPE")) else 1.0
        assert value == pytest.approx(perfect, abs=1e-5), name


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_score_of_nothing_found_is_zero_or_no_number(task: Task) -> None:
    one = picture(task)
    nothing = found(one).take(slice(0, 0))
    values = figures(task, [one], [nothing])
    assert values.pop("images") == values.pop(task.noun) == 1
    for name, value in values.items():
        assert np.isnan(value) if name.startswith(("NME", "EPE")) else value == 0.0, name


def test_score_body_is_over_the_size_of_the_head() -> None:
    one = picture(BODY)
    values = figures(BODY, [one], [found(one, **{f"k{WRIST}": 5.01, f"k{ELBOW}": 4.99})])
    assert values["PCKh@0.5"] == pytest.approx(13 / 14)
    assert values["PCK@0.2"] == 1.0


def test_score_body_leaves_out_pelvis_and_thorax() -> None:
    one = picture(BODY)
    assert figures(BODY, [one], [found(one, **{f"k{PELVIS}": 50.0})])["PCKh@0.5"] == 1.0


def test_score_face_is_over_each_of_three_sizes() -> None:
    one = picture(FACE)
    values = figures(FACE, [one], [found(one, all=4.0)])
    assert values["NME_inter_ocular"] == pytest.approx(0.1, rel=1e-4)
    assert values["NME_inter_pupil"] == pytest.approx(0.2, rel=1e-4)
    assert values["NME_box"] == pytest.approx(0.05, rel=1e-4)


def test_score_face_errors_are_of_the_faces_found() -> None:
    one, other = picture(FACE), picture(FACE, seed=1)
    values = figures(FACE, [one, other], [found(one, all=4.0), found(other).take(slice(0, 0))])
    assert values["NME_inter_ocular"] == pytest.approx(0.1, rel=1e-4)
    assert values["found"] == 0.5


def test_score_hand_missing_is_wrong_in_the_shares_and_left_out_of_the_distance() -> None:
    one, other = picture(HAND), picture(HAND, seed=1)
    values = figures(HAND, [one, other], [found(one, all=10.0), found(other).take(slice(0, 0))])
    assert values["PCK@0.2"] == 0.5
    assert values["AUC"] == pytest.approx(0.25, rel=1e-4)
    assert values["EPE_px"] == pytest.approx(10.0, rel=1e-4)
    assert values["EPE_box"] == pytest.approx(0.1, rel=1e-4)


def test_score_datasets_has_each_and_the_groups_that_are_there() -> None:
    pictures = [picture(FACE, name) for name in ("menpo", "300w", "aflw2000_3d", "lapa")]
    poses = [found(one, all=shift) for one, shift in zip(pictures, (4, 8, 0, 0), strict=True)]
    scores = score_datasets(FACE, pictures, poses, Translation(FACE.skeleton, FACE))
    assert list(scores) == ["300w", "aflw2000_3d", "lapa", "menpo", "2D", "3D"]
    assert scores["2D"].figures["faces"] == 2
    assert scores["2D"].figures["NME_inter_ocular"] == pytest.approx(0.15, rel=1e-4)


def test_score_datasets_without_a_group_does_not_have_it() -> None:
    pictures = [picture(FACE, "menpo")]
    scores = score_datasets(FACE, pictures, [found(pictures[0])], Translation(FACE.skeleton, FACE))
    assert list(scores) == ["menpo", "2D"]


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_score_curve_ends_at_a_figure_of_the_task(task: Task) -> None:
    one = picture(task)
    curve = score(task, [one], [found(one)], Translation(task.skeleton, task)).curve
    assert curve.x.shape == curve.y.shape
    assert curve.y[-1] == pytest.approx(1.0)
