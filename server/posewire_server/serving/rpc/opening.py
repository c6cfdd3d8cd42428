"""The opening of a ``Detect`` stream: its config in, a stream and its settings in force out."""

import itertools
import logging
import time

from posewire.v1 import keypoint_service_pb2 as pb

from posewire_server.errors import ErrorReason, StreamError
from posewire_server.serving.rpc import settings
from posewire_server.serving.rpc.reading import Request
from posewire_server.serving.rpc.served_models import Models
from posewire_server.serving.rpc.tracking import read_tracking, write_tracking
from posewire_server.serving.rpc.work import StreamWork
from posewire_server.serving.streams.bytes_in_flight import Share
from posewire_server.serving.streams.dispatch import Dispatcher
from posewire_server.serving.streams.stream import Stream

_LOG = logging.getLogger(__name__)
_NUMBERS = itertools.count(1)


def read_config(first: Request | None) -> pb.StreamConfig:
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
    share: Share,
    *,
    is_local: bool = False,
) -> tuple[Stream, pb.Started]:
    """Returns a new stream and what to tell its client.

    Args:
        config: What the client wants.
        models: What is served, and the limits.
        dispatcher: Runs the work.
        share: Of the bytes in flight.
        is_local: Whether the client is on this machine.

    Raises:
        ModelError: MODEL_UNKNOWN, MODEL_NOT_SERVING, MODE_UNKNOWN.
        StreamError: CONFIG_INVALID.
    """
    pipeline = models.serving(config.model)
    mode = pipeline.mode_name(config.mode)
    answer = settings.read_answer_settings(config)
    chosen = settings.read_stream_settings(config, models.limits.max_in_flight)
    tracking = read_tracking(config)
    session = pipeline.open_session(tracking=tracking, is_local=is_local)
    stream = Stream(chosen, dispatcher, StreamWork(pipeline, answer, session), share)
    in_force = settings.settings_in_force(config, chosen)
    write_tracking(in_force, tracking)
    in_force.model, in_force.mode = pipeline.spec.name, mode
    model = models.describe(pipeline.spec.name)
    stream_id = f"{time.time_ns():x}-{next(_NUMBERS)}"
    _LOG.info("stream %s opened for model %s", stream_id, pipeline.spec.name)
    return stream, pb.Started(config=in_force, model=model, stream_id=stream_id)
