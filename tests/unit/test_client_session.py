import grpc
import pytest
from posewire import (
    Dropped,
    DropReason,
    FrameError,
    InternalError,
    InvalidArgumentError,
    Lost,
    ProtocolError,
    Reconnect,
    Result,
    UnavailableError,
)
from posewire.options import stream_config
from posewire.session import Session
from posewire.v1 import keypoint_service_pb2 as service_pb2

from tests.integration.scripted_service import dropped, frame_error, result, started

GONE = UnavailableError("gone", code=grpc.StatusCode.UNAVAILABLE)


def make_session(**reconnect: float) -> Session:
    clock = iter(range(1000))
    return Session(
        stream_config("body", {}),
        Reconnect(jitter=0, **reconnect),  # type: ignore[arg-type]
        clock=lambda: next(clock),
        chance=lambda: 0.5,
    )


def open_session(
    max_in_flight: int = 4, policy: service_pb2.OverflowPolicy = service_pb2.OVERFLOW_POLICY_BLOCK
) -> Session:
    session = make_session()
    session.open()
    session.receive(started(max_in_flight, policy))
    return session


def test_has_room_only_after_started() -> None:
    session = make_session()
    assert session.open().config.model == "body"
    assert not session.has_room
    assert session.receive(started()) is None
    assert session.has_room


def test_has_room_block_waits_at_the_limit_in_force() -> None:
    session = open_session(max_in_flight=2)
    session.note_sent(0)
    assert session.has_room
    session.note_sent(1)
    assert not session.has_room
    session.receive(result(0))
    assert session.has_room


@pytest.mark.parametrize(
    "policy", [service_pb2.OVERFLOW_POLICY_DROP_OLDEST, service_pb2.OVERFLOW_POLICY_REJECT_NEW]
)
def test_has_room_other_policies_never_wait(policy: service_pb2.OverflowPolicy) -> None:
    session = open_session(max_in_flight=1, policy=policy)
    for number in range(9):
        session.note_sent(number)
    assert session.has_room


def test_receive_result_measures_the_round_trip() -> None:
    session = open_session()
    session.note_sent(0)
    outcome = session.receive(result(0))
    assert isinstance(outcome, Result)
    assert outcome.round_trip_s == 1
    assert outcome.timings.infer_s == pytest.approx(0.25)
    assert outcome.poses.keypoints.shape == (1, 2, 3)
    assert outcome.poses.boxes.tolist() == [[1, 2, 3, 4]]
    assert outcome.poses.ids.tolist() == [7]


def test_receive_result_without_poses_keeps_the_shape_of_the_skeleton() -> None:
    session = open_session()
    session.note_sent(0)
    outcome = session.receive(result(0, poses=0))
    assert isinstance(outcome, Result)
    assert outcome.poses.keypoints.shape == (0, 2, 3)
    assert outcome.poses.boxes.shape == (0, 4)


def test_receive_frame_error_reads_reason_and_metadata() -> None:
    session = open_session()
    session.note_sent(3)
    outcome = session.receive(frame_error(3, "REGION_INVALID", width="4"))
    assert outcome == FrameError(
        3,
        grpc.StatusCode.INVALID_ARGUMENT,
        "REGION_INVALID",
        "text of REGION_INVALID",
        {"width": "4"},
    )


def test_receive_dropped_names_the_frames_sent_between() -> None:
    session = open_session()
    for number in (2, 5, 9):
        session.note_sent(number)
    outcome = session.receive(dropped(2, 8))
    assert outcome == Dropped((2, 5), DropReason.OVERFLOW)
    assert outcome.count == 2


@pytest.mark.parametrize("response", [result(1), frame_error(1, "X"), dropped(1, 1)])
def test_receive_second_outcome_of_a_frame_raises(response: service_pb2.DetectResponse) -> None:
    session = open_session()
    session.note_sent(1)
    session.receive(response)
    with pytest.raises(ProtocolError, match="1"):
        session.receive(response)


def test_receive_heartbeat_and_unknown_are_no_outcomes() -> None:
    session = open_session()
    beat = service_pb2.DetectResponse(heartbeat=service_pb2.Heartbeat())
    assert session.receive(beat) is None
    assert session.receive(service_pb2.DetectResponse()) is None


def test_draining_ends_room_until_the_next_connection() -> None:
    session = open_session()
    session.receive(service_pb2.DetectResponse(draining=service_pb2.Draining()))
    assert session.is_draining
    assert not session.has_room
    session.open()
    session.receive(started())
    assert session.has_room


def test_close_reports_unanswered_frames_once() -> None:
    session = open_session()
    session.note_sent(0)
    session.note_sent(4)
    assert session.close(GONE) == Lost((0, 4), GONE)
    assert session.close(GONE) is None


def test_next_delay_grows_until_an_outcome_comes() -> None:
    session = make_session(initial_s=1, factor=2, max_attempts=3)
    session.open()
    assert session.next_delay_s(GONE, source_done=False) == 1
    assert session.next_delay_s(None, source_done=False) == 2
    session.open()
    session.receive(started())
    session.note_sent(0)
    session.receive(result(0))
    assert session.next_delay_s(GONE, source_done=False) == 1


def test_next_delay_after_the_last_attempt_raises_the_error() -> None:
    session = make_session(max_attempts=0)
    with pytest.raises(UnavailableError) as caught:
        session.next_delay_s(GONE, source_done=False)
    assert caught.value is GONE
    with pytest.raises(UnavailableError, match="without a reason"):
        session.next_delay_s(None, source_done=False)


def test_next_delay_when_all_is_sent_is_none() -> None:
    session = make_session()
    assert session.next_delay_s(None, source_done=True) is None
    assert session.next_delay_s(GONE, source_done=True) is None


def test_next_delay_final_error_raises_even_when_all_is_sent() -> None:
    wrong = InvalidArgumentError("wrong", code=grpc.StatusCode.INVALID_ARGUMENT)
    with pytest.raises(InvalidArgumentError):
        make_session().next_delay_s(wrong, source_done=True)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (GONE, True),
        (InternalError("", code=grpc.StatusCode.INTERNAL), True),
        (InvalidArgumentError("", code=grpc.StatusCode.INVALID_ARGUMENT), False),
    ],
)
def test_is_transient_follows_the_code(error: UnavailableError, expected: bool) -> None:
    assert error.is_transient is expected
