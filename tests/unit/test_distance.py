from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from posewire_server.frame import Region
from posewire_server.pose import Poses
from posewire_server.tools.evaluation.distance import measure
from posewire_server.tools.evaluation.labels import Instance, LabelledPicture

Array = npt.NDArray[np.float64]
SQUARE = np.array([(10.0, 10.0), (30.0, 10.0), (30.0, 30.0)])
ALL = np.ones(3, bool)


def instance(shift: float = 0.0, **changes: object) -> Instance:
    keypoints = np.column_stack([SQUARE + shift, np.full(3, 2.0)])
    given = {"area": 1.0, "sizes": {"head": 5.0}} | changes
    return Instance(keypoints, Region(0, 0, 1, 1), **given)  # type: ignore[arg-type]


def picture(*instances: Instance) -> LabelledPicture:
    return LabelledPicture(Path("p.png"), "own", (99, 99), instances)


def poses(*points: Array) -> Poses:
    keypoints = np.zeros((len(points), 3, 3), np.float32)
    keypoints[:, :, :2] = np.array(points).reshape(-1, 3, 2)
    return Poses(keypoints, np.ones(len(points), np.float32))


def test_measure_gives_the_distance_of_each_keypoint() -> None:
    moved = SQUARE + np.array([(0, 0), (3, 4), (0, -1)])
    distances = measure([picture(instance())], [poses(moved)], ALL)
    np.testing.assert_allclose(distances.pixels, [[0, 5, 1]])
    np.testing.assert_allclose(distances.over("head"), [[0, 1, 0.2]])


def test_measure_keypoint_not_found_is_infinitely_far() -> None:
    moved = SQUARE.copy()
    moved[1] = np.nan
    distances = measure([picture(instance())], [poses(moved)], ALL)
    assert distances.pixels.tolist() == [[0, np.inf, 0]]
    assert distances.found_share == 1.0


def test_measure_instance_not_found_is_infinitely_far() -> None:
    distances = measure([picture(instance(), instance(50))], [poses(SQUARE)], ALL)
    assert distances.pixels.tolist() == [[0] * 3, [np.inf] * 3]
    assert distances.found_share == 0.5


def test_measure_keypoint_without_label_is_no_number() -> None:
    one = instance()
    one.keypoints[2] = 0.0
    distances = measure([picture(one)], [poses(SQUARE)], ALL)
    np.testing.assert_array_equal(distances.pixels, [[0, 0, np.nan]])


def test_measure_keypoint_the_model_does_not_know_is_no_number() -> None:
    moved = SQUARE.copy()
    moved[0] = np.nan
    distances = measure([picture(instance())], [poses(moved)], np.array([False, True, True]))
    np.testing.assert_array_equal(distances.pixels, [[np.nan, 0, 0]])


def test_measure_in_order_takes_a_pose_wherever_it_is() -> None:
    far = SQUARE + 500.0
    pictures = [picture(instance(), instance(50))]
    matched = measure(pictures, [poses(far, SQUARE)], ALL)
    assert matched.found_share == 0.5
    in_order = measure(pictures, [poses(far, SQUARE)], ALL, in_order=True)
    assert in_order.found_share == 1.0
    np.testing.assert_allclose(in_order.pixels[0], np.hypot(500, 500))


def test_measure_in_order_with_too_few_poses_fails() -> None:
    with pytest.raises(ValueError, match="zip"):
        measure([picture(instance(), instance(50))], [poses(SQUARE)], ALL, in_order=True)


def test_measure_crowds_and_what_is_not_labelled_do_not_count() -> None:
    nothing = instance()
    nothing.keypoints[:] = 0.0
    pictures = [picture(instance(is_crowd=True), nothing, instance())]
    distances = measure(pictures, [poses(SQUARE)], ALL)
    assert distances.pixels.tolist() == [[0] * 3]


def test_measure_instances_without_a_size_are_left_out_of_it() -> None:
    pictures = [picture(instance(), instance(50, sizes={"box_max": 20.0}))]
    distances = measure(pictures, [poses(SQUARE, SQUARE + 50)], ALL)
    assert distances.over("head").shape == (1, 3)
    assert distances.over("box_max").shape == (1, 3)
    assert distances.over("inter_ocular").shape == (0, 3)


def test_measure_nobody_is_no_share() -> None:
    distances = measure([picture()], [poses(SQUARE)], ALL)
    assert distances.pixels.shape == (0, 3)
    assert np.isnan(distances.found_share)
