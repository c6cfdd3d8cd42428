import math
from dataclasses import replace

import numpy as np
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from posewire.v1 import keypoint_service_pb2 as pb
from posewire.v1 import pose_pb2
from posewire_server.frame import EncodedImage, Frame, Region
from posewire_server.outcome import Detection, Dropped, DropReason, Timings
from posewire_server.pose import Poses
from posewire_server.serving.rpc.response import (
    to_dropped,
    write_result,
)
from posewire_server.serving.rpc.served_models import to_skeleton
from posewire_server.serving.rpc.stream_config import AnswerSettings, to_duration
from posewire_server.skeletons import OPENPOSE18

NAN = math.nan
POSES = Poses(
    np.array(
        [[[1, 2, 0.5], [NAN, NAN, 0]], [[5, 6, 0.25], [3, 9, 0.5]], [[0, 0, 1], [1, 1, 1]]],
        np.float32,
    ),
    np.array([0.75, 0.5, 0.25], np.float32),
)
DETECTION = Detection(POSES, (640, 480), Timings(1.0, 2.5, 0.001, 0.0))
EVERYTHING = AnswerSettings("", 0.0, None, frozenset(pb.Result.DESCRIPTOR.fields_by_name))
FRAME = Frame(9, EncodedImage(b"x"), capture_time_ns=1_500_000_000_000_000_001)


def result_of(
    frame: Frame, detection: Detection, version: str, settings: AnswerSettings
) -> pb.Result:
    result = pb.Result()
    write_result(result, frame, detection, version, settings)
    return result


def test_result_holds_every_keypoint_and_says_which_are_missing() -> None:
    result = result_of(FRAME, DETECTION, "v1", EVERYTHING)
    first, *_ = result.poses
    assert len(result.poses) == 3
    assert [point.state for point in first.keypoints] == [
        pose_pb2.KEYPOINT_STATE_FOUND,
        pose_pb2.KEYPOINT_STATE_MISSING,
    ]
    assert (first.keypoints[0].x, first.keypoints[0].y, first.keypoints[0].score) == (1, 2, 0.5)
    assert math.isnan(first.keypoints[1].x)
    assert math.isnan(first.keypoints[1].y)
    assert first.keypoints[1].score == 0
    assert first.box == pose_pb2.BoundingBox(x_min=1, y_min=2, x_max=1, y_max=2)
    assert result.poses[1].box == pose_pb2.BoundingBox(x_min=3, y_min=6, x_max=5, y_max=9)


def test_result_of_hands_says_which_and_how_deep() -> None:
    poses = replace(
        POSES,
        depths=np.array([[1, NAN], [-2.5, 0], [3, 4]], np.float32),
        sides=np.array([0.75, 0.25, 0.5], np.float32),
        ids=np.array([7, 8, 9]),
    )
    result = result_of(FRAME, replace(DETECTION, poses=poses), "v1", EVERYTHING)
    assert [pose.id for pose in result.poses] == [7, 8, 9]
    sides = [(pose.handedness.side, pose.handedness.score) for pose in result.poses]
    right, left = pose_pb2.SIDE_RIGHT, pose_pb2.SIDE_LEFT
    assert sides == [(right, 0.75), (left, 0.75), (right, 0.5)]
    assert (result.poses[0].keypoints[0].z, result.poses[1].keypoints[0].z) == (1, -2.5)
    assert not result.poses[0].keypoints[1].HasField("z")


def test_result_of_other_models_has_no_hand_and_no_depth() -> None:
    pose = result_of(FRAME, DETECTION, "v1", EVERYTHING).poses[0]
    assert not pose.HasField("handedness")
    assert not any(keypoint.HasField("z") for keypoint in pose.keypoints)
    assert pose.id == 0


def test_result_of_given_boxes_has_a_pose_for_each() -> None:
    frame = replace(FRAME, boxes=(Region(0, 0, 1, 1),) * 3)
    settings = replace(EVERYTHING, minimum_score=0.8, max_poses=1)
    assert len(result_of(frame, DETECTION, "", settings).poses) == 3


def test_result_of_a_pose_without_keypoints_has_no_box() -> None:
    empty = Poses(np.full((1, 2, 3), NAN, np.float32), np.zeros(1, np.float32))
    box = result_of(FRAME, replace(DETECTION, poses=empty), "", EVERYTHING).poses[0].box
    assert all(math.isnan(edge) for edge in (box.x_min, box.y_min, box.x_max, box.y_max))


def test_result_echoes_the_frame_and_its_times() -> None:
    result = result_of(FRAME, DETECTION, "v1", EVERYTHING)
    assert result.sequence_id == 9
    assert result.capture_time == Timestamp(seconds=1_500_000_000, nanos=1)
    assert (result.image_width, result.image_height, result.model_version) == (640, 480, "v1")
    assert result.timings.wait == Duration(seconds=1)
    assert result.timings.decode == Duration(seconds=2, nanos=500_000_000)
    assert result.timings.infer == Duration(nanos=1_000_000)


def test_result_leaves_out_poses_below_the_score_then_those_over_the_number() -> None:
    settings = replace(EVERYTHING, minimum_score=0.5)
    assert [p.score for p in result_of(FRAME, DETECTION, "", settings).poses] == [0.75, 0.5]
    settings = replace(EVERYTHING, max_poses=1)
    assert [p.score for p in result_of(FRAME, DETECTION, "", settings).poses] == [0.75]
    settings = replace(EVERYTHING, minimum_score=0.8)
    assert not result_of(FRAME, DETECTION, "", settings).poses


@pytest.mark.parametrize("field", sorted(EVERYTHING.fields - {"sequence_id"}))
def test_result_holds_the_fields_that_are_wanted_only(field: str) -> None:
    wanted = frozenset({"sequence_id", field})
    result = result_of(FRAME, DETECTION, "v1", replace(EVERYTHING, fields=wanted))
    assert {descriptor.name for descriptor, _ in result.ListFields()} == wanted


@pytest.mark.parametrize("seconds", [0.0, 0.25, 1.0, 59.999999999, 0.9999999999])
def test_duration_keeps_nanoseconds(seconds: float) -> None:
    duration = to_duration(seconds)
    assert 0 <= duration.nanos < 10**9
    assert duration.seconds + duration.nanos * 1e-9 == pytest.approx(seconds, abs=1e-9)


@pytest.mark.parametrize("reason", list(DropReason))
def test_dropped_keeps_range_count_and_reason(reason: DropReason) -> None:
    message = to_dropped(Dropped(3, 9, 4, reason))
    assert (message.first_sequence_id, message.last_sequence_id, message.count) == (3, 9, 4)
    assert pb.DropReason.Name(message.reason) == f"DROP_REASON_{reason.name}"


def test_skeleton_keeps_names_limbs_and_pairs() -> None:
    message = to_skeleton(OPENPOSE18)
    assert tuple(message.keypoint_names) == OPENPOSE18.keypoints
    pairs = [(getattr(limb, "from"), limb.to) for limb in message.limbs]
    assert tuple(pairs) == OPENPOSE18.limbs
    pairs = [(getattr(pair, "from"), pair.to) for pair in message.symmetric_pairs]
    assert tuple(pairs) == OPENPOSE18.symmetric_pairs


def test_result_says_which_keypoints_are_interpolated() -> None:
    filled = np.array([[False, False], [False, True], [False, False]])
    poses = replace(POSES, ids=np.array([4, 5, 6]), interpolated=filled)
    result = result_of(FRAME, replace(DETECTION, poses=poses), "v1", EVERYTHING)
    assert [pose.id for pose in result.poses] == [4, 5, 6]
    states = [[keypoint.state for keypoint in pose.keypoints] for pose in result.poses]
    found, missing = pose_pb2.KEYPOINT_STATE_FOUND, pose_pb2.KEYPOINT_STATE_MISSING
    assert states[0] == [found, missing]
    assert states[1] == [found, pose_pb2.KEYPOINT_STATE_INTERPOLATED]
    assert states[2] == [found, found]
