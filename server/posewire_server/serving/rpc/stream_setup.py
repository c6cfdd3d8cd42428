"""Setup of a stream: its config in, the stream, its processor and the settings in force out."""

import itertools
import logging
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final, Generic, TypeAlias, TypeVar

from posewire.v1 import keypoint_service_pb2 as pb

from posewire_server.errors import ErrorReason, StreamError
from posewire_server.frame import Frame, Priority, VideoPacket
from posewire_server.inference.pipeline import Pipeline
from posewire_server.inference.scheduling.frame_context import FrameContext
from posewire_server.inference.session import StreamSession
from posewire_server.inference.tracking.frame_clock import FrameTime
from posewire_server.metrics.frames import ModelMetrics
from posewire_server.outcome import Detection
from posewire_server.serving.rpc import stream_config
from posewire_server.serving.rpc.request_parser import RawFrame
from posewire_server.serving.rpc.response import write_result
from posewire_server.serving.rpc.served_models import Models
from posewire_server.serving.rpc.stream_config import AnswerSettings
from posewire_server.serving.streams.bytes_in_flight import ByteShare
from posewire_server.serving.streams.dispatcher import Dispatcher
from posewire_server.serving.streams.stream import Stream
from posewire_server.serving.streams.stream_settings import OverflowPolicy, StreamSettings

Response = TypeVar("Response", pb.DetectResponse, pb.DetectImageResponse)


@dataclass(frozen=True)
class KeypointProcessor(Generic[Response]):
    """``FrameProcessor`` that runs a pipeline and writes its poses into responses.

    Attributes:
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


StreamRequest: TypeAlias = pb.DetectRequest | RawFrame
StreamRequests: TypeAlias = AsyncIterator[StreamRequest]
_LOG = logging.getLogger(__name__)
_NUMBERS: Final = itertools.count(1)
_SETTINGS_OF_CALLS: Final = {
    priority: StreamSettings(1, OverflowPolicy.REJECT_NEW, priority=priority)
    for priority in Priority
}


def read_config(first: StreamRequest | None) -> pb.StreamConfig:
    """Returns the config that the first request of a stream must be.

    Raises:
        StreamError: CONFIG_MISSING.
    """
    if isinstance(first, pb.DetectRequest) and first.WhichOneof("request") == "config":
        return first.config
    text = "the first request of a stream must be its config; send one before the frames"
    raise StreamError(ErrorReason.CONFIG_MISSING, text)


def open_stream(
    config: pb.StreamConfig,
    models: Models,
    dispatcher: Dispatcher,
    share: ByteShare,
    *,
    is_local: bool = False,
) -> tuple[Stream[pb.DetectResponse], pb.Started]:
    """Returns a new stream and what to tell its client.

    Args:
        is_local: Whether the client is on this machine and may share memory.

    Raises:
        ModelError: MODEL_UNKNOWN, MODEL_NOT_SERVING, MODE_UNKNOWN.
        StreamError: CONFIG_INVALID.
    """
    pipeline = models.serving(config.model)
    mode = pipeline.mode_name(config.mode)
    answer = stream_config.read_answer_settings(config)
    settings = stream_config.read_stream_settings(config, models.limits.max_in_flight)
    tracking = stream_config.read_tracking(config)
    session = pipeline.open_session(tracking=tracking, is_local=is_local)
    processor = KeypointProcessor(pipeline, answer, session, pb.DetectResponse)
    in_force = stream_config.settings_in_force(config, settings)
    stream_config.write_tracking(in_force, tracking)
    in_force.model, in_force.mode = pipeline.spec.name, mode
    model = models.describe(pipeline.spec.name)
    stream_id = f"{time.time_ns():x}-{next(_NUMBERS)}"
    _LOG.info("stream %s opened for model %s", stream_id, pipeline.spec.name)
    started = pb.Started(config=in_force, model=model, stream_id=stream_id)
    return Stream(settings, dispatcher, processor, share), started


def open_call(
    request: pb.DetectImageRequest,
    pipeline: Pipeline,
    dispatcher: Dispatcher,
    share: ByteShare,
    *,
    is_local: bool = False,
) -> Stream[pb.DetectImageResponse]:
    """Returns the stream of one frame that a ``DetectImage`` call is; for the rest see above.

    Raises:
        ModelError: MODE_UNKNOWN.
        StreamError: CONFIG_INVALID.
    """
    pipeline.mode_name(request.mode)
    answer = stream_config.read_answer_settings(request)
    priority = stream_config.read_priority(request)
    session = pipeline.open_session(is_local=is_local)
    processor = KeypointProcessor(pipeline, answer, session, pb.DetectImageResponse)
    return Stream(_SETTINGS_OF_CALLS[priority], dispatcher, processor, share)
