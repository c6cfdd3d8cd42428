import pytest
from posewire_server.errors import StreamError
from posewire_server.frame import EncodedImage, Frame
from posewire_server.serving.streams.ticket import CancelledError, Ticket


def frame(deadline_s: float | None = None) -> Frame:
    return Frame(7, EncodedImage(b""), deadline_s=deadline_s)


def test_ticket_without_deadline_never_expires() -> None:
    ticket = Ticket(frame(), arrived_s=0.0)
    assert ticket.age_s > 0
    ticket.check("decode")


def test_ticket_deadline_counts_from_arrival() -> None:
    assert Ticket(frame(2.5), arrived_s=10.0).deadline_s == 12.5
    assert Ticket(frame(2.5), arrived_s=10.0, deadline_s=11.0).deadline_s == 11.0


def test_ticket_after_its_deadline_names_the_stage_not_begun() -> None:
    ticket = Ticket(frame(0.0), arrived_s=0.0)
    with pytest.raises(StreamError, match="infer") as raised:
        ticket.check("infer")
    assert raised.value.reason == "FRAME_DEADLINE_EXCEEDED"
    assert raised.value.metadata == {"stage": "infer"}


def test_ticket_cancelled_stops_even_after_its_deadline() -> None:
    ticket = Ticket(frame(0.0), arrived_s=0.0, cancelled=True)
    with pytest.raises(CancelledError):
        ticket.check("infer")
