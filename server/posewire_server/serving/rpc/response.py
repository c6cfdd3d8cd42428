"""Responses of a stream: outcomes and control messages, each with the credit."""

from dataclasses import dataclass

from posewire.v1 import keypoint_service_pb2 as pb

from posewire_server.metrics.frames import ModelMetrics
from posewire_server.outcome import Answer, ControlMessage, Dropped, Failed, Outcome
from posewire_server.serving.rpc.error_status import client_error
from posewire_server.serving.rpc.result_conversion import to_dropped, to_frame_error
from posewire_server.serving.rpc.stream_config import to_duration
from posewire_server.serving.streams.stream import Stream

Item = Outcome[pb.DetectResponse] | ControlMessage


@dataclass(frozen=True)
class DrainNotice:
    """What a draining server tells its clients.

    Attributes:
        grace_s: Longest time until it ends their streams.
        resume_targets: Addresses to resume at, best first.
    """

    grace_s: float
    resume_targets: tuple[str, ...] = ()

    def to_message(self, last_arrived_id: int) -> pb.Draining:
        """Returns the message to a stream.

        Args:
            last_arrived_id: Greatest sequence id that has arrived; -1: none has.
        """
        draining = pb.Draining(grace=to_duration(self.grace_s), resume_targets=self.resume_targets)
        if last_arrived_id >= 0:
            draining.last_sequence_id = last_arrived_id
        return draining


def to_response(
    item: Item, stream: Stream[pb.DetectResponse], notice: DrainNotice
) -> pb.DetectResponse:
    """Returns the message of an outcome or a control message.

    Args:
        item: What ``stream.outcomes`` yielded.
        stream: The stream.
        notice: What the client is told if the server drains.
    """
    credit = stream.credit
    match item:
        case Answer(response):
            response.credit = credit
            return response
        case Failed():
            return pb.DetectResponse(frame_error=to_frame_error(item), credit=credit)
        case Dropped():
            return pb.DetectResponse(dropped=to_dropped(item), credit=credit)
        case ControlMessage.DRAINING:
            return pb.DetectResponse(draining=notice.to_message(stream.last_arrived_id))
        case ControlMessage.HEARTBEAT:
            heartbeat = pb.Heartbeat()
            heartbeat.server_time.GetCurrentTime()
            return pb.DetectResponse(heartbeat=heartbeat, credit=credit)


def count_item(metrics: ModelMetrics, item: Item) -> None:
    """Counts an outcome; control messages are not counted."""
    match item:
        case Answer():
            metrics.count_result()
        case Failed(error=error):
            metrics.count_error(client_error(error).reason)
        case Dropped(count=count, reason=reason):
            metrics.count_dropped(reason.value, count)
        case ControlMessage():
            pass
