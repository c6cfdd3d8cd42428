"""What is done with a frame, from its ticket to its response."""

from contextlib import closing
from dataclasses import dataclass

from posewire.v1 import keypoint_service_pb2 as pb

from posewire_server.frame import Frame, VideoPacket
from posewire_server.inference.pipeline import Pipeline
from posewire_server.inference.scheduling.frame_context import FrameContext
from posewire_server.inference.session import StreamSession
from posewire_server.inference.tracking.frame_clock import FrameTime
from posewire_server.metrics.frames import metrics_of
from posewire_server.outcome import Detection
from posewire_server.serving.rpc.result_conversion import write_result
from posewire_server.serving.rpc.settings import AnswerSettings
from posewire_server.serving.streams.ticket import Ticket


@dataclass(frozen=True)
class ImageWork:
    """The work of a ``DetectImage`` call.

    Attributes:
        pipeline: Finds the poses.
        answer: What the answer is to hold.
        is_local: Whether the caller is on this machine.
    """

    pipeline: Pipeline
    answer: AnswerSettings
    is_local: bool = False

    def run(self, ticket: Ticket) -> pb.DetectImageResponse:
        """Returns the response; called in a frame thread."""
        with closing(self.pipeline.open_session(is_local=self.is_local)) as session:
            detection = _detect(self.pipeline, self.answer, session, ticket)
        response = pb.DetectImageResponse()
        _write(response.result, detection, self, ticket)
        return response


@dataclass(frozen=True)
class StreamWork:
    """The work of a ``Detect`` stream.

    Attributes:
        pipeline: Finds the poses.
        answer: What the answers are to hold.
        session: What the stream carries from frame to frame.
    """

    pipeline: Pipeline
    answer: AnswerSettings
    session: StreamSession

    def run(self, ticket: Ticket) -> pb.DetectResponse:
        """Returns the response, see ``stream.Work``."""
        try:
            detection = _detect(self.pipeline, self.answer, self.session, ticket)
        except BaseException:
            self.leave_out(ticket.frame)  # Its source may not have been read yet.
            raise
        response = pb.DetectResponse()
        _write(response.result, detection, self, ticket)
        return response

    def leave_out(self, frame: Frame) -> None:
        """Notes that a frame will not be worked on, see ``stream.Work``."""
        self.session.reader.leave_out(frame.source)

    def close(self) -> None:
        """Lets go of the stream's session, see ``stream.Work``."""
        self.session.close()


def _detect(
    pipeline: Pipeline, answer: AnswerSettings, session: StreamSession, ticket: Ticket
) -> Detection:
    frame = ticket.frame
    detection = pipeline.detect(
        frame.source,
        region=frame.region,
        boxes=frame.boxes,
        mode=answer.mode,
        session=session,
        frame_time=_frame_time(ticket) if session.tracker else None,
        context=FrameContext(ticket.check, ticket.age_s, ticket.priority),
    )
    metrics_of(pipeline.spec.name).observe_timings(detection.timings)
    return detection


def _frame_time(ticket: Ticket) -> FrameTime:
    frame = ticket.frame
    source = frame.source
    presentation_ns = source.presentation_ns if isinstance(source, VideoPacket) else None
    return FrameTime(ticket.arrived_s, frame.capture_time_ns, presentation_ns)


def _write(
    result: pb.Result, detection: Detection, work: ImageWork | StreamWork, ticket: Ticket
) -> None:
    write_result(result, ticket.frame, detection, work.pipeline.version, work.answer)
