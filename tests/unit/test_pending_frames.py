"""The front's account of frames without an outcome, kept from the bytes that pass."""

from posewire.v1 import frame_pb2
from posewire.v1 import keypoint_service_pb2 as pb
from posewire_server.serving.front.pending_frames import PendingFrames


def sent(pending: PendingFrames, *numbers: int) -> None:
    for number in numbers:
        frame = frame_pb2.Frame(sequence_id=number, encoded_image=b"picture")
        pending.note_request(pb.DetectRequest(frame=frame).SerializeToString())


def answered(pending: PendingFrames, **response: object) -> None:
    pending.note_response(pb.DetectResponse(credit=3, **response).SerializeToString())


def dropped(pending: PendingFrames) -> list[tuple[int, int, int]]:
    found = pending.drop()
    assert {each.reason for each in found} <= {pb.DROP_REASON_DRAINING}
    return [(each.first_sequence_id, each.last_sequence_id, each.count) for each in found]


def test_pending_frames_without_an_outcome_are_dropped_in_rows() -> None:
    pending = PendingFrames()
    sent(pending, 0, 1, 2, 3, 300, 2**40)
    assert pending.last_id == 2**40
    answered(pending, result=pb.Result(sequence_id=1))
    assert dropped(pending) == [(0, 0, 1), (2, 3, 2), (300, 300, 1), (2**40, 2**40, 1)]
    assert len(pending) == 0
    assert dropped(pending) == []


def test_pending_every_kind_of_outcome_strikes_out() -> None:
    pending = PendingFrames()
    sent(pending, *range(8))
    answered(pending, result=pb.Result(sequence_id=0, model_version="v"))
    answered(pending, frame_error=pb.FrameError(sequence_id=3))
    answered(pending, dropped=pb.Dropped(first_sequence_id=4, last_sequence_id=6, count=3))
    assert dropped(pending) == [(1, 2, 2), (7, 7, 1)]


def test_pending_what_is_no_outcome_strikes_out_nothing() -> None:
    pending = PendingFrames()
    sent(pending, 0)
    answered(pending, started=pb.Started(stream_id="s"))
    answered(pending, heartbeat=pb.Heartbeat())
    answered(pending, draining=pb.Draining())
    assert dropped(pending) == [(0, 0, 1)]


def test_pending_what_is_no_frame_is_not_booked() -> None:
    pending = PendingFrames()
    pending.note_request(pb.DetectRequest(config=pb.StreamConfig(model="m")).SerializeToString())
    pending.note_request(b"")
    pending.note_request(b"\x12\xff")
    pending.note_request(b"\xff" * 20)
    assert len(pending) == 0
    assert pending.last_id is None


def test_pending_frame_of_unusual_layout_is_read_all_the_same() -> None:
    pending = PendingFrames()
    image = frame_pb2.Frame(encoded_image=b"picture").SerializeToString()
    content = image + frame_pb2.Frame(sequence_id=9).SerializeToString()
    pending.note_request(b"\x12" + bytes([len(content)]) + content)
    assert dropped(pending) == [(9, 9, 1)]


def test_pending_number_that_is_sent_twice_is_owed_twice() -> None:
    pending = PendingFrames()
    sent(pending, 5, 5)
    answered(pending, frame_error=pb.FrameError(sequence_id=5))
    assert len(pending) == 1
    answered(pending, result=pb.Result(sequence_id=5))
    assert len(pending) == 0
