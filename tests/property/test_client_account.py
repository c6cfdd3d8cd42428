"""Exactly one outcome for each frame sent, whatever the server and the network do."""

from hypothesis import given
from hypothesis import strategies as st
from posewire import Dropped, Lost, Outcome, OverflowPolicy, Reconnect
from posewire.options import stream_config
from posewire.session import Session
from posewire.v1 import frame_pb2
from posewire.v1 import keypoint_service_pb2 as service_pb2

from tests.integration.scripted_service import dropped, frame_error, result, started

EVENTS = st.lists(
    st.sampled_from(
        ["send"] * 3 + ["result", "error", "drop", "drop for draining", "break", "heartbeat"]
    ),
    max_size=200,
)
DRAINING = service_pb2.DROP_REASON_DRAINING


def ids_of(outcome: Outcome) -> tuple[int, ...]:
    if isinstance(outcome, Dropped | Lost):
        return outcome.sequence_ids
    return (outcome.sequence_id,)


class Life:
    """A session with what was sent over its connection of now, and what became of it all."""

    def __init__(self, policy: OverflowPolicy, max_in_flight: int) -> None:
        options = {"overflow_policy": policy}
        config = stream_config("body", options)  # type: ignore[arg-type]
        self.session = Session(config, Reconnect(max_attempts=None), ("a", "b"))
        self._started = started(max_in_flight, policy.value)
        self.sent = 0
        self.owed: list[int] = []
        self.outcomes: list[Outcome] = []
        self.open()

    def open(self) -> None:
        self.session.open()
        self.session.receive(self._started)

    def send(self) -> None:
        """Sends as a shell does: what is to be sent again comes before anything new."""
        if not self.session.has_room:
            return
        request = self.session.send_again()
        if request is None:
            frame = frame_pb2.Frame(sequence_id=self.sent)
            request = service_pb2.DetectRequest(frame=frame)
            self.session.note_sent(request)
            self.sent += 1
        number = request.frame.sequence_id
        assert not self.owed or number > self.owed[-1], "out of order"
        self.owed.append(number)

    def receive(self, response: service_pb2.DetectResponse, *numbers: int) -> None:
        """Has the server answer frames."""
        outcome = self.session.receive(response)
        if outcome is not None:
            self.outcomes.append(outcome)
            assert ids_of(outcome) == numbers
        self.owed = [number for number in self.owed if number not in numbers]

    def close(self) -> bool:
        """Breaks the connection; returns whether there is to be another one."""
        self.owed.clear()
        ending = self.session.close(None, source_done=True)
        if ending.lost is not None:
            self.outcomes.append(ending.lost)
        return ending.delay_s is not None

    def play(self, event: str, data: st.DataObject) -> None:
        if event == "send":
            self.send()
        elif event == "break":
            self.close()
            self.open()
        elif event == "heartbeat":
            credit = data.draw(st.integers(0, 8))
            self.receive(service_pb2.DetectResponse(credit=credit))
        elif self.owed:
            self.answer(event, data.draw(st.integers(0, len(self.owed) - 1)))

    def answer(self, event: str, index: int) -> None:
        number = self.owed[index]
        if event == "result":
            self.receive(result(number), number)
        elif event == "error":
            self.receive(frame_error(number, "IMAGE_EMPTY"), number)
        elif event == "drop":
            self.receive(dropped(self.owed[0], number), *self.owed[: index + 1])
        else:
            self.receive(dropped(self.owed[0], number, DRAINING), *self.owed[: index + 1])


@given(
    policy=st.sampled_from(OverflowPolicy),
    events=EVENTS,
    max_in_flight=st.integers(1, 8),
    data=st.data(),
)
def test_every_frame_sent_gets_exactly_one_outcome(
    policy: OverflowPolicy, events: list[str], max_in_flight: int, data: st.DataObject
) -> None:
    life = Life(policy, max_in_flight)
    for event in events:
        life.play(event, data)
        assert policy is not OverflowPolicy.BLOCK or len(life.owed) <= max_in_flight
    while life.close():
        life.open()
        life.send()
        life.answer("result", 0)
    ids = [number for outcome in life.outcomes for number in ids_of(outcome)]
    assert sorted(ids) == list(range(life.sent))
    if policy is OverflowPolicy.BLOCK:
        assert not any(isinstance(outcome, Lost) for outcome in life.outcomes)
