from collections.abc import Sequence

import grpc
import pytest
from posewire import (
    Dropped,
    DropReason,
    FrameError,
    InternalError,
    InvalidArgumentError,
    Lost,
    ModelNotServingError,
    ProtocolError,
    Reconnect,
    Result,
    UnavailableError,
)
from posewire.session import Ending, Session
from posewire.v1 import frame_pb2
from posewire.v1 import keypoint_service_pb2 as service_pb2

from tests.integration.scripted_service import dropped, frame_error, result, started

REFUSED = ModelNotServingError("no", code=grpc.StatusCode.FAILED_PRECONDITION)
GONE = UnavailableError("gone", code=grpc.StatusCode.UNAVAILABLE)


def make_session(
    policy: service_pb2.OverflowPolicy = service_pb2.OVERFLOW_POLICY_BLOCK,
    targets: Sequence[str] = ("here",),
    **reconnect: float,
) -> Session:
    clock = iter(range(1000))
    return Session(
        service_pb2.StreamConfig(model="body", overflow_policy=policy),
        Reconnect(jitter=0, **reconnect),  # type: ignore[arg-type]
        targets,
        clock=lambda: next(clock),
        chance=lambda: 0.5,
    )


def request(number: int) -> service_pb2.DetectRequest:
    return service_pb2.DetectRequest(frame=frame_pb2.Frame(sequence_id=number))


def open_session(
    max_in_flight: int = 4, policy: service_pb2.OverflowPolicy = service_pb2.OVERFLOW_POLICY_BLOCK
) -> Session:
    session = make_session(policy)
    session.open()
    session.receive(started(max_in_flight, policy))
    return session


def test_has_room_only_after_started() -> None:
    session = make_session()
    assert session.open().config.model == "body"
    assert not session.has_room
    assert session.receive(started()) is None
    assert session.has_room


def test_has_room_block_obeys_the_credit() -> None:
    session = open_session(max_in_flight=4)
    session.receive(service_pb2.DetectResponse(credit=1))
    session.note_sent(request(0))
    assert not session.has_room
    session.receive(service_pb2.DetectResponse(credit=1))
    assert session.has_room


def test_has_room_block_without_credit_when_nothing_is_unanswered() -> None:
    session = open_session()
    session.note_sent(request(0))
    session.receive(result(0, credit=0))
    assert session.has_room


def test_has_room_block_waits_at_the_limit_in_force() -> None:
    session = open_session(max_in_flight=2)
    session.note_sent(request(0))
    assert session.has_room
    session.note_sent(request(1))
    assert not session.has_room
    session.receive(result(0))
    assert session.has_room


@pytest.mark.parametrize(
    "policy", [service_pb2.OVERFLOW_POLICY_DROP_OLDEST, service_pb2.OVERFLOW_POLICY_REJECT_NEW]
)
def test_has_room_other_policies_never_wait(policy: service_pb2.OverflowPolicy) -> None:
    session = open_session(max_in_flight=1, policy=policy)
    for number in range(9):
        session.note_sent(request(number))
    assert session.has_room


def test_receive_result_measures_the_round_trip() -> None:
    session = open_session()
    session.note_sent(request(0))
    outcome = session.receive(result(0))
    assert isinstance(outcome, Result)
    assert outcome.round_trip_s == 1
    assert outcome.timings.infer_s == pytest.approx(0.25)
    assert outcome.poses.keypoints.shape == (1, 2, 3)
    assert outcome.poses.boxes.tolist() == [[1, 2, 3, 4]]
    assert outcome.poses.ids.tolist() == [7]


def test_receive_result_without_poses_keeps_the_shape_of_the_skeleton() -> None:
    session = open_session()
    session.note_sent(request(0))
    outcome = session.receive(result(0, poses=0))
    assert isinstance(outcome, Result)
    assert outcome.poses.keypoints.shape == (0, 2, 3)
    assert outcome.poses.boxes.shape == (0, 4)


def test_receive_frame_error_reads_reason_and_metadata() -> None:
    session = open_session()
    session.note_sent(request(3))
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
        session.note_sent(request(number))
    outcome = session.receive(dropped(2, 8))
    assert outcome == Dropped((2, 5), DropReason.OVERFLOW)
    assert outcome.count == 2


@pytest.mark.parametrize("response", [result(1), frame_error(1, "X"), dropped(1, 1)])
def test_receive_second_outcome_of_a_frame_raises(response: service_pb2.DetectResponse) -> None:
    session = open_session()
    session.note_sent(request(1))
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


def test_close_live_reports_unanswered_frames_once() -> None:
    session = open_session(policy=service_pb2.OVERFLOW_POLICY_DROP_OLDEST)
    session.note_sent(request(0))
    session.note_sent(request(4))
    assert session.close(GONE, source_done=False).lost == Lost((0, 4), GONE)
    assert session.close(GONE, source_done=False).lost is None
    assert not session.has_again


def test_close_block_keeps_unanswered_frames_and_sends_them_again_in_order() -> None:
    session = open_session()
    for number in (0, 4, 7):
        session.note_sent(request(number))
    session.receive(dropped(0, 0, service_pb2.DROP_REASON_DRAINING))
    session.receive(result(4))
    ending = session.close(GONE, source_done=True)
    assert (ending.lost, ending.error) == (None, None)
    assert ending.delay_s is not None
    session.open()
    session.receive(started())
    again = [session.send_again(), session.send_again(), session.send_again()]
    assert [r and r.frame.sequence_id for r in again] == [0, 7, None]
    session.receive(result(0))
    session.receive(result(7))
    assert session.close(None, source_done=True) == Ending()


def test_close_block_given_up_reports_everything_as_lost() -> None:
    session = make_session(max_attempts=1)
    session.open()
    session.receive(started())
    for number in range(3):
        session.note_sent(request(number))
    assert session.close(GONE, source_done=False).delay_s is not None
    session.open()
    session.receive(started())
    assert session.send_again() is not None
    ending = session.close(GONE, source_done=False)
    assert ending == Ending(Lost((0, 1, 2), GONE), None, GONE)
    assert not session.has_again


def test_dropped_for_draining_is_reported_where_the_stream_is_live() -> None:
    session = open_session(policy=service_pb2.OVERFLOW_POLICY_DROP_OLDEST)
    session.note_sent(request(0))
    drop = dropped(0, 0, service_pb2.DROP_REASON_DRAINING)
    assert session.receive(drop) == Dropped((0,), DropReason.DRAINING)


def test_delay_grows_until_an_outcome_comes() -> None:
    session = make_session(initial_s=1, factor=2, max_attempts=3)
    session.open()
    assert session.close(GONE, source_done=False).delay_s == 1
    assert session.close(None, source_done=False).delay_s == 2
    session.open()
    session.receive(started())
    session.note_sent(request(0))
    session.receive(result(0))
    assert session.close(GONE, source_done=False).delay_s == 1


def test_close_after_the_last_attempt_gives_the_error() -> None:
    session = make_session(max_attempts=0)
    assert session.close(GONE, source_done=False) == Ending(error=GONE)
    ending = session.close(None, source_done=False)
    assert "for no reason" in str(ending.error)


@pytest.mark.parametrize("error", [None, GONE])
def test_close_when_all_is_sent_and_answered_is_the_end(error: UnavailableError | None) -> None:
    assert make_session().close(error, source_done=True) == Ending()


def test_close_final_error_is_given_even_when_all_is_sent() -> None:
    wrong = InvalidArgumentError("wrong", code=grpc.StatusCode.INVALID_ARGUMENT)
    assert make_session().close(wrong, source_done=True) == Ending(error=wrong)


def test_target_unavailable_goes_to_the_next_and_round_again() -> None:
    session = make_session(targets=("a", "b"), initial_s=1, factor=2, max_attempts=2)
    visited = []
    while (ending := session.close(GONE, source_done=False)).delay_s is not None:
        visited.append((session.target, ending.delay_s))
    assert visited == [("b", 1), ("a", 1), ("b", 2), ("a", 2)]


def test_target_of_a_draining_server_comes_first_and_at_once() -> None:
    session = make_session(targets=("a", "b"), initial_s=1)
    session.open()
    session.receive(started())
    hints = service_pb2.Draining(resume_targets=["x", "y"])
    session.receive(service_pb2.DetectResponse(draining=hints))
    assert session.close(GONE, source_done=False).delay_s == 0
    assert session.target == "x"
    session.open()
    assert session.close(GONE, source_done=False).delay_s == 1
    visited = [session.target]
    for _ in range(3):
        session.close(GONE, source_done=False)
        visited.append(session.target)
    assert visited == ["y", "a", "b", "a"]


def test_target_that_does_not_serve_the_model_gives_way_to_the_next_at_once() -> None:
    session = make_session(targets=("a", "b", "c"))
    found = []
    for _ in range(2):
        session.open()
        found.append((session.close(REFUSED, source_done=False), session.target))
    assert found == [(Ending(delay_s=0.0), "b"), (Ending(delay_s=0.0), "c")]
    session.open()
    session.receive(started())
    assert session.has_room


@pytest.mark.parametrize("targets", [("a",), ("a", "b"), ("a", "b", "a")])
def test_close_after_one_round_over_targets_that_do_not_serve_the_model(
    targets: tuple[str, ...],
) -> None:
    session = make_session(targets=targets, max_attempts=None)
    endings = []
    for _ in set(targets):
        session.open()
        endings.append(session.close(REFUSED, source_done=False))
    assert endings == [Ending(delay_s=0.0)] * (len(endings) - 1) + [Ending(error=REFUSED)]


def test_target_that_does_not_serve_the_model_is_asked_again_while_another_is_down() -> None:
    session = make_session(targets=("a", "b"), initial_s=1, factor=2, max_attempts=2)
    errors = [REFUSED, GONE, REFUSED, GONE, REFUSED]
    endings = []
    for error in errors:
        session.open()
        endings.append((session.close(error, source_done=False).delay_s, session.target))
    assert endings[:4] == [(0.0, "b"), (1.0, "a"), (0.0, "b"), (2.0, "a")]
    assert endings[4][0] is None


def test_close_of_a_resumed_stream_nobody_serves_reports_its_frames_as_lost() -> None:
    session = open_session()
    session.note_sent(request(0))
    assert session.close(GONE, source_done=False).lost is None
    session.open()
    ending = session.close(REFUSED, source_done=True)
    assert ending == Ending(Lost((0,), REFUSED), error=REFUSED)


def test_target_of_a_hint_that_does_not_serve_the_model_gives_way_to_the_own_ones() -> None:
    session = open_session()
    session.receive(service_pb2.DetectResponse(draining=service_pb2.Draining(resume_targets=["x"])))
    assert session.close(GONE, source_done=False).delay_s == 0.0
    assert session.target == "x"
    session.open()
    assert session.close(REFUSED, source_done=False) == Ending(delay_s=0.0)
    assert session.target == "here"
    session.open()
    assert session.close(REFUSED, source_done=False) == Ending(error=REFUSED)


def test_target_that_lost_a_worker_stays() -> None:
    lost = UnavailableError("", code=grpc.StatusCode.UNAVAILABLE, reason="WORKER_LOST")
    session = make_session(targets=("a", "b"))
    assert session.close(lost, source_done=False).delay_s is not None
    assert session.target == "a"


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
