"""The front's account of frames without an outcome, kept from the bytes that pass."""

from posewire.v1 import frame_pb2
from posewire.v1 import keypoint_service_pb2 as pb
from posewire_server.serving.front.pending_frames import Ledger


def sent(ledger: Ledger, *numbers: int) -> None:
    for number in numbers:
        frame = frame_pb2.Frame(sequence_id=number, encoded_image=b"picture")
        ledger.note_request(pb.DetectRequest(frame=frame).SerializeToString())


def answered(ledger: Ledger, **response: object) -> None:
    ledger.note_response(pb.DetectResponse(credit=3, **response).SerializeToString())


def dropped(ledger: Ledger) -> list[tuple[int, int, int]]:
    found = ledger.drop()
    assert {each.reason for each in found} <= {pb.DROP_REASON_DRAINING}
    return [(each.first_sequence_id, each.last_sequence_id, each.count) for each in found]


def test_ledger_frames_without_an_outcome_are_dropped_in_rows() -> None:
    ledger = Ledger()
    sent(ledger, 0, 1, 2, 3, 300, 2**40)
    assert ledger.last_id == 2**40
    answered(ledger, result=pb.Result(sequence_id=1))
    assert dropped(ledger) == [(0, 0, 1), (2, 3, 2), (300, 300, 1), (2**40, 2**40, 1)]
    assert len(ledger) == 0
    assert dropped(ledger) == []


def test_ledger_every_kind_of_outcome_strikes_out() -> None:
    ledger = Ledger()
    sent(ledger, *range(8))
    answered(ledger, result=pb.Result(sequence_id=0, model_version="v"))
    answered(ledger, frame_error=pb.FrameError(sequence_id=3))
    answered(ledger, dropped=pb.Dropped(first_sequence_id=4, last_sequence_id=6, count=3))
    assert dropped(ledger) == [(1, 2, 2), (7, 7, 1)]


def test_ledger_what_is_no_outcome_strikes_out_nothing() -> None:
    ledger = Ledger()
    sent(ledger, 0)
    answered(ledger, started=pb.Started(stream_id="s"))
    answered(ledger, heartbeat=pb.Heartbeat())
    answered(ledger, draining=pb.Draining())
    assert dropped(ledger) == [(0, 0, 1)]


def test_ledger_what_is_no_frame_is_not_booked() -> None:
    ledger = Ledger()
    ledger.note_request(pb.DetectRequest(config=pb.StreamConfig(model="m")).SerializeToString())
    ledger.note_request(b"")
    ledger.note_request(b"\x12\xff")
    ledger.note_request(b"\xff" * 20)
    assert len(ledger) == 0
    assert ledger.last_id is None


def test_ledger_frame_of_unusual_layout_is_read_all_the_same() -> None:
    ledger = Ledger()
    image = frame_pb2.Frame(encoded_image=b"picture").SerializeToString()
    content = image + frame_pb2.Frame(sequence_id=9).SerializeToString()
    ledger.note_request(b"\x12" + bytes([len(content)]) + content)
    assert dropped(ledger) == [(9, 9, 1)]


def test_ledger_number_that_is_sent_twice_is_owed_twice() -> None:
    ledger = Ledger()
    sent(ledger, 5, 5)
    answered(ledger, frame_error=pb.FrameError(sequence_id=5))
    assert len(ledger) == 1
    answered(ledger, result=pb.Result(sequence_id=5))
    assert len(ledger) == 0
