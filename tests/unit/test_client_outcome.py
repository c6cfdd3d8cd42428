import math

import numpy as np
from posewire.outcome import read_result
from posewire.v1 import keypoint_service_pb2 as pb
from posewire.v1 import pose_pb2

FOUND = pose_pb2.KEYPOINT_STATE_FOUND


def message(side: pose_pb2.Side | None = None, z: float | None = None) -> pb.Result:
    result = pb.Result(sequence_id=1)
    for number in range(2):
        pose = result.poses.add(score=0.5, id=number)
        pose.keypoints.add(x=number, y=2, score=1, state=FOUND)
        pose.keypoints.add(x=3, y=4, score=1, state=FOUND)
        if z is not None:
            pose.keypoints[0].z = z
        if side is not None:
            pose.handedness.side, pose.handedness.score = side, 0.75
    return result


def test_result_of_hands_has_sides_and_depths() -> None:
    poses = read_result(message(pose_pb2.SIDE_LEFT, -1.5), keypoint_count=2, round_trip_s=0).poses
    np.testing.assert_array_equal(poses.sides, [0.25, 0.25])
    np.testing.assert_array_equal(poses.depths, [[-1.5, math.nan]] * 2)
    poses = read_result(message(pose_pb2.SIDE_RIGHT), keypoint_count=2, round_trip_s=0).poses
    np.testing.assert_array_equal(poses.sides, [0.75, 0.75])


def test_result_of_bodies_has_neither() -> None:
    poses = read_result(message(), keypoint_count=2, round_trip_s=0).poses
    assert poses.keypoints[1, 0].tolist() == [1, 2, 1]
    assert poses.ids.tolist() == [0, 1]
    assert np.isnan(poses.sides).all()
    assert np.isnan(poses.depths).all()
    assert poses.depths.shape == (2, 2)


def test_result_without_poses_has_arrays_of_the_skeletons_shape() -> None:
    poses = read_result(pb.Result(), keypoint_count=21, round_trip_s=0).poses
    assert len(poses) == 0
    assert poses.keypoints.shape == (0, 21, 3)
    assert poses.depths.shape == (0, 21)
    assert (poses.boxes.shape, poses.ids.shape, poses.sides.shape) == ((0, 4), (0,), (0,))


def test_result_says_which_keypoints_are_interpolated() -> None:
    result = message()
    result.poses[1].keypoints[0].state = pose_pb2.KEYPOINT_STATE_INTERPOLATED
    poses = read_result(result, keypoint_count=2, round_trip_s=0).poses
    np.testing.assert_array_equal(poses.interpolated, [[False, False], [True, False]])
    nobody = read_result(pb.Result(), keypoint_count=2, round_trip_s=0).poses
    assert nobody.interpolated.shape == (0, 2)
