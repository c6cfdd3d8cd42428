"""Setup of a stream: its config in, the stream and the settings in force out."""

import itertools
import logging
import time
from typing import Final

from posewire.v1 import keypoint_service_pb2 as pb

from posewire_server.frame import Priority
from posewire_server.inference.pipeline import Pipeline
from posewire_server.serving.rpc import stream_config
from posewire_server.serving.rpc.frame_processor import KeypointProcessor
from posewire_server.serving.rpc.served_models import Models
from posewire_server.serving.streams.bytes_in_flight import ByteShare
from posewire_server.serving.streams.dispatcher import Dispatcher
from posewire_server.serving.streams.stream import Stream
from posewire_server.serving.streams.stream_settings import OverflowPolicy, StreamSettings

_LOG = logging.getLogger(__name__)
_NUMBERS: Final = itertools.count(1)
_SETTINGS_OF_CALLS: Final = {
    priority: StreamSettings(1, OverflowPolicy.REJECT_NEW, priority=priority)
    for priority in Priority
}


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
        config: What the client wants.
        models: What is served, and the limits.
        dispatcher: Runs the processor.
        share: Bytes in flight of the stream.
        is_local: Whether the client is on this machine.

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
