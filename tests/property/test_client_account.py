"""Exactly one outcome for each frame sent, whatever the server and the network do."""

from hypothesis import given
from hypothesis import strategies as st
from posewire import Dropped, Lost, Outcome, Reconnect
from posewire.options import stream_config
from posewire.session import Session

from tests.integration.scripted_service import dropped, frame_error, result, started

EVENTS = st.lists(
    st.sampled_from(["send", "result", "error", "drop", "break", "heartbeat"]), max_size=200
)


def ids_of(outcome: Outcome) -> tuple[int, ...]:
    if isinstance(outcome, Dropped | Lost):
        return outcome.sequence_ids
    return (outcome.sequence_id,)


@given(events=EVENTS, max_in_flight=st.integers(1, 8), data=st.data())
def test_every_frame_sent_gets_exactly_one_outcome(
    events: list[str], max_in_flight: int, data: st.DataObject
) -> None:
    session = Session(stream_config("body", {}), Reconnect(max_attempts=None))
    session.open()
    session.receive(started(max_in_flight))
    sent: list[int] = []
    owed: list[int] = []
    outcomes: list[Outcome] = []

    def take(outcome: Outcome | None) -> None:
        if outcome is not None:
            outcomes.append(outcome)
            owed[:] = [number for number in owed if number not in ids_of(outcome)]

    for event in events:
        if event == "send" and session.has_room:
            sent.append(len(sent))
            owed.append(sent[-1])
            session.note_sent(sent[-1])
        elif event == "result" and owed:
            take(session.receive(result(data.draw(st.sampled_from(owed)))))
        elif event == "error" and owed:
            take(session.receive(frame_error(owed[0], "IMAGE_EMPTY")))
        elif event == "drop" and owed:
            last = data.draw(st.sampled_from(owed))
            take(session.receive(dropped(owed[0], last)))
        elif event == "break":
            take(session.close(None))
            session.open()
            session.receive(started(max_in_flight))
        assert len(owed) <= max_in_flight
    take(session.close(None))

    assert sorted(number for outcome in outcomes for number in ids_of(outcome)) == sent
