"""What a stream says besides poses, and the credit that goes with everything it says."""

from dataclasses import dataclass

from posewire.v1 import keypoint_service_pb2 as pb

from posewire_server.outcome import Dropped, Failed, Notice
from posewire_server.serving.rpc.result_conversion import to_dropped, to_duration, to_frame_error
from posewire_server.serving.streams.stream import Stream


@dataclass(frozen=True)
class Farewell:
    """What a draining server tells its clients.

    Attributes:
        grace_s: Longest time until it ends their streams.
        resume_targets: Where to go on, best first.
    """

    grace_s: float
    resume_targets: tuple[str, ...] = ()

    def to_message(self, last_arrived_id: int) -> pb.Draining:
        """Returns the message to a stream of which no later frame has arrived; -1: none has."""
        draining = pb.Draining(grace=to_duration(self.grace_s), resume_targets=self.resume_targets)
        if last_arrived_id >= 0:
            draining.last_sequence_id = last_arrived_id
        return draining


def to_response(outcome: object, stream: Stream, farewell: Farewell) -> pb.DetectResponse:
    """Returns the message of an outcome or a notice of a stream.

    Args:
        outcome: What ``stream.outcomes`` gave.
        stream: Whose it is.
        farewell: What to say where the server drains.
    """
    credit = stream.credit
    if isinstance(outcome, pb.DetectResponse):
        outcome.credit = credit
        return outcome
    if isinstance(outcome, Failed):
        return pb.DetectResponse(frame_error=to_frame_error(outcome), credit=credit)
    if isinstance(outcome, Dropped):
        return pb.DetectResponse(dropped=to_dropped(outcome), credit=credit)
    if outcome is Notice.DRAINING:
        return pb.DetectResponse(draining=farewell.to_message(stream.last_arrived_id))
    heartbeat = pb.Heartbeat()
    heartbeat.server_time.GetCurrentTime()
    return pb.DetectResponse(heartbeat=heartbeat, credit=credit)
