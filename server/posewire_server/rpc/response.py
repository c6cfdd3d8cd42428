"""What a stream says besides poses, and the credit that goes with everything it says."""

from posewire.v1 import keypoint_service_pb2 as pb

from posewire_server.outcome import Dropped, Failed
from posewire_server.rpc import convert
from posewire_server.stream import Notice


def to_response(outcome: object, credit: int, grace_s: float) -> pb.DetectResponse:
    """Returns the message of an outcome or a notice of a stream.

    Args:
        outcome: What ``Stream.outcomes`` gave.
        credit: How many more frames are worth sending.
        grace_s: Longest time until a draining server ends the stream.
    """
    if isinstance(outcome, pb.DetectResponse):
        outcome.credit = credit
        return outcome
    if isinstance(outcome, Failed):
        return pb.DetectResponse(frame_error=convert.to_frame_error(outcome), credit=credit)
    if isinstance(outcome, Dropped):
        return pb.DetectResponse(dropped=convert.to_dropped(outcome), credit=credit)
    if outcome is Notice.DRAINING:
        draining = pb.Draining(grace=convert.to_duration(grace_s))
        return pb.DetectResponse(draining=draining, credit=0)
    heartbeat = pb.Heartbeat()
    heartbeat.server_time.GetCurrentTime()
    return pb.DetectResponse(heartbeat=heartbeat, credit=credit)
