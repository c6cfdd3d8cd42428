"""Processor of the frames of one stream or call: from a frame to its response."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from posewire.v1 import keypoint_service_pb2 as pb

from posewire_server.frame import Frame, VideoPacket
from posewire_server.inference.pipeline import Pipeline
from posewire_server.inference.scheduling.frame_context import FrameContext
from posewire_server.inference.session import StreamSession
from posewire_server.inference.tracking.frame_clock import FrameTime
from posewire_server.metrics.frames import ModelMetrics
from posewire_server.outcome import Detection
from posewire_server.serving.rpc.result_conversion import write_result
from posewire_server.serving.rpc.stream_config import AnswerSettings

Response = TypeVar("Response", pb.DetectResponse, pb.DetectImageResponse)


@dataclass(frozen=True)
class KeypointProcessor(Generic[Response]):
    """``FrameProcessor`` that runs a pipeline and writes its poses into responses.

    Attributes:
        pipeline: Finds the poses.
        answer: What the responses hold.
        session: What the stream carries from frame to frame.
        response: Type of the responses.
    """

    pipeline: Pipeline
    answer: AnswerSettings
    session: StreamSession
    response: type[Response]

    def run(self, frame: Frame, context: FrameContext) -> Response:
        """Returns the response to a frame.

        Raises:
            PosewireError: See ``Pipeline.detect``.
        """
        try:
            detection = self._detect(frame, context)
        except BaseException:
            self.leave_out(frame)  # its source may not have been read yet
            raise
        response = self.response()
        write_result(response.result, frame, detection, self.pipeline.version, self.answer)
        return response

    def leave_out(self, frame: Frame) -> None:
        """Notes that a frame will not be worked on; a video decoder needs to know."""
        self.session.reader.leave_out(frame.source)

    def close(self) -> None:
        """Closes the session."""
        self.session.close()

    def _detect(self, frame: Frame, context: FrameContext) -> Detection:
        detection = self.pipeline.detect(
            frame.source,
            region=frame.region,
            boxes=frame.boxes,
            mode=self.answer.mode,
            session=self.session,
            frame_time=_frame_time(frame, context) if self.session.tracker else None,
            context=context,
        )
        ModelMetrics(self.pipeline.spec.name).observe_timings(detection.timings)
        return detection


def _frame_time(frame: Frame, context: FrameContext) -> FrameTime:
    source = frame.source
    presentation_ns = source.presentation_ns if isinstance(source, VideoPacket) else None
    return FrameTime(context.arrived_s, frame.capture_time_ns, presentation_ns)
