import json
from datetime import UTC, datetime

import numpy as np
import pytest
from posewire_server.outcome import Detection, Timings
from posewire_server.pose import Poses
from posewire_server.skeletons import Skeleton
from posewire_server.tools.media.frame_statistics import FrameStatistics, noun_of
from posewire_server.tools.media.json_record import frame_record
from posewire_server.tools.media.source import DetectedFrame, SourceFrame
from posewire_server.tools.media.terminal import format_table

PAIR = Skeleton("pair", ("nose", "neck"), ((0, 1),), ())
FRAME = SourceFrame("frame 3", b"", datetime.now(UTC))


def answered(persons: int, infer_s: float = 0.0) -> DetectedFrame:
    keypoints = np.array([[[1.25, 2.5, 0.5], [np.nan, np.nan, 0]]] * persons, np.float32)
    poses = Poses(keypoints.reshape(persons, 2, 3), np.full(persons, 0.75, np.float32))
    return DetectedFrame(FRAME, Detection(poses, (64, 48), Timings(0, 0, infer_s, 0)), infer_s * 2)


def test_table_aligns_first_column_left_and_others_right() -> None:
    table = format_table(["name", "n"], [["a", "1"], ["long name", "1000"]])
    assert table.splitlines() == [
        "name          n",
        "---------  ----",
        "a             1",
        "long name  1000",
    ]


def test_table_aligns_columns_of_text_left() -> None:
    table = format_table(["name", "n", "kind"], [["a", "1", "b"]], left=(0, 2))
    assert table.splitlines() == ["name  n  kind", "----  -  ----", "a     1  b"]


def test_table_without_rows_is_its_header() -> None:
    assert format_table(["a", "b"], []).splitlines()[0] == "a  b"


def test_tally_counts_frames_persons_and_problems() -> None:
    tally = FrameStatistics()
    for answer in (answered(2), answered(1), DetectedFrame(FRAME, None, problem="dropped")):
        tally.add(answer)
    tally.add(DetectedFrame(FRAME, None, problem="error", reason="IMAGE_EMPTY"))
    assert tally.summary(2.0) == (
        "4 frames, 3 persons (1.5 a frame), 1.0 fps, 1 dropped, 1 errors, 0 lost"
    )


def test_tally_tells_each_kind_of_failure_once_with_what_the_first_said() -> None:
    tally = FrameStatistics()
    tally.add(DetectedFrame(FRAME, None, problem="dropped", reason="OVERFLOW"))
    tally.add(DetectedFrame(FRAME, None, problem="lost", message="the server ended the stream"))
    for size in (1, 2):
        text = f"The image has {size} byte."
        tally.add(DetectedFrame(FRAME, None, problem="error", reason="IMAGE_EMPTY", message=text))
    assert tally.failures() == [
        "2 x IMAGE_EMPTY: The image has 1 byte.",
        "1 x lost: the server ended the stream",
    ]


def test_tally_names_what_the_poses_are_of() -> None:
    tally = FrameStatistics(noun_of(Skeleton("hand21", ("wrist",), (), ())))
    tally.add(answered(2))
    assert tally.summary(1.0).startswith("1 frames, 2 hands (2.0 a frame)")
    assert noun_of(PAIR) == "persons"


def test_tally_shows_percentiles_of_each_stage_in_milliseconds() -> None:
    tally = FrameStatistics()
    for milliseconds in range(101):
        tally.add(answered(0, milliseconds / 1e3))
    rows = {line[:12].strip(): line.split()[-3:] for line in tally.stage_table().splitlines()}
    assert rows["infer"] == ["50.0", "90.0", "99.0"]
    assert rows["round trip"] == ["100.0", "180.0", "198.0"]
    assert rows["wait"] == ["0.0", "0.0", "0.0"]


def test_tally_without_answers_shows_dashes() -> None:
    assert FrameStatistics().stage_table().splitlines()[-1].split()[-3:] == ["-", "-", "-"]


def test_record_names_every_keypoint_and_is_json() -> None:
    record = json.loads(json.dumps(frame_record(answered(1, 0.0125), PAIR), allow_nan=False))
    assert record["frame"] == "frame 3"
    assert (record["width"], record["height"]) == (64, 48)
    (pose,) = record["poses"]
    assert pose["score"] == pytest.approx(0.75)
    assert pose["box"] == [1.25, 2.5, 1.25, 2.5]
    assert pose["keypoints"] == {"nose": {"x": 1.25, "y": 2.5, "score": 0.5}, "neck": None}
    assert record["timings_ms"] == {"wait": 0, "decode": 0, "infer": 12.5, "post": 0}


def test_record_of_a_hand_has_its_side_and_depths() -> None:
    keypoints = np.ones((2, 2, 3), np.float32)
    depths = np.array([[-3.0, 4.125], [0.0, 0.0]], np.float32)
    poses = Poses(keypoints, np.ones(2, np.float32), depths, np.array([0.25, 0.75], np.float32))
    answer = DetectedFrame(FRAME, Detection(poses, (64, 48), Timings(0, 0, 0, 0)))
    left, right = frame_record(answer, PAIR)["poses"]
    assert (left["side"], left["side_score"]) == ("left", 0.75)
    assert (right["side"], right["side_score"]) == ("right", 0.75)
    assert [point["z"] for point in left["keypoints"].values()] == [-3.0, 4.12]


def test_record_of_a_pose_without_keypoints_has_no_box() -> None:
    poses = Poses(np.full((1, 2, 3), np.nan, np.float32), np.zeros(1, np.float32))
    answer = DetectedFrame(FRAME, Detection(poses, (64, 48), Timings(0, 0, 0, 0)))
    (pose,) = json.loads(json.dumps(frame_record(answer, PAIR), allow_nan=False))["poses"]
    assert pose["box"] is None
    assert pose["keypoints"] == {"nose": None, "neck": None}


def test_record_of_a_problem_says_which() -> None:
    problem = DetectedFrame(FRAME, None, problem="error", reason="IMAGE_EMPTY", message="no bytes")
    assert frame_record(problem, PAIR) == {
        "frame": "frame 3",
        "problem": "error",
        "reason": "IMAGE_EMPTY",
        "message": "no bytes",
    }


def test_record_of_who_is_followed_has_an_id_and_what_is_filled_in() -> None:
    keypoints, ids = np.ones((1, 2, 3), np.float32), np.array([7])
    filled = np.array([[False, True]])
    poses = Poses(keypoints, np.ones(1, np.float32), ids=ids, interpolated=filled)
    answer = DetectedFrame(FRAME, Detection(poses, (64, 48), Timings(0, 0, 0, 0)))
    (pose,) = json.loads(json.dumps(frame_record(answer, PAIR)))["poses"]
    assert pose["id"] == 7
    nose, neck = pose["keypoints"].values()
    assert "interpolated" not in nose
    assert neck["interpolated"] is True
