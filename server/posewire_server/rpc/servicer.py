"""The RPCs of ``posewire.v1.KeypointService``: messages in, messages out."""

import asyncio
import contextlib
import itertools
import logging
import time
from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import TypeAlias, TypeVar

import grpc
from posewire.v1 import frame_pb2
from posewire.v1 import keypoint_service_pb2 as pb
from posewire.v1 import keypoint_service_pb2_grpc as pb_grpc

from posewire_server.dispatch import Calls, Dispatcher
from posewire_server.errors import PosewireError, StreamError
from posewire_server.frame import Frame
from posewire_server.outcome import Dropped, Failed
from posewire_server.passage import Passage
from posewire_server.pipeline import Pipeline
from posewire_server.rpc import convert, settings
from posewire_server.rpc.faults import Context, answer_faults
from posewire_server.rpc.models import Models
from posewire_server.rpc.wire import RawFrame
from posewire_server.stream import Notice, Stream
from posewire_server.systems.memory import Memory
from posewire_server.ticket import Ticket

_LOG = logging.getLogger(__name__)
Request: TypeAlias = pb.DetectRequest | RawFrame
Requests: TypeAlias = AsyncIterator[Request]
Response = TypeVar("Response", pb.DetectResponse, pb.DetectImageResponse)


class KeypointServicer(pb_grpc.KeypointServiceServicer):  # type: ignore[misc]
    """Answers the RPCs with the pipelines of ``models``.

    Args:
        models: What is served, and the limits.
        dispatcher: Runs the work.
        grace_s: Longest time that open calls have to end when the server drains.
        opening_timeout_s: Longest time that a stream may be without its config.
    """

    def __init__(
        self,
        models: Models,
        dispatcher: Dispatcher,
        grace_s: float,
        opening_timeout_s: float = 30.0,
    ) -> None:
        self._models = models
        self._dispatcher = dispatcher
        self._grace_s = grace_s
        self._opening_timeout_s = opening_timeout_s
        self._calls = Calls(dispatcher, max_waiting=models.limits.max_streams)
        self._streams: set[Stream] = set()
        self._opening: set[asyncio.Future[Request | None]] = set()
        self._calls_open: set[asyncio.Task[object]] = set()
        self._places_taken = 0
        self._numbers = itertools.count(1)
        self._draining = False

    async def drain(self) -> None:
        """Refuses new work, has every stream told, and waits for open calls, then ends them."""
        self._draining = True
        for stream in self._streams:
            stream.drain()
        for reading in self._opening:
            reading.cancel()
        if self._calls_open:
            await asyncio.wait(self._calls_open, timeout=self._grace_s)
        self._calls.abandon(_draining_error())
        for stream in self._streams:
            stream.close()

    @answer_faults
    async def ListModels(  # noqa: N802 (the contract's name)
        self, _request: pb.ListModelsRequest, _context: Context
    ) -> pb.ListModelsResponse:
        """All models the server knows."""
        return pb.ListModelsResponse(models=self._models.describe_all())

    @answer_faults
    async def GetModel(  # noqa: N802
        self, request: pb.GetModelRequest, _context: Context
    ) -> pb.GetModelResponse:
        """One model by its name or an alias."""
        return pb.GetModelResponse(model=self._models.describe(request.name))

    @answer_faults
    async def DetectImage(  # noqa: N802
        self, request: pb.DetectImageRequest, context: Context
    ) -> pb.DetectImageResponse:
        """One picture in, its poses out."""
        self._begin()
        pipeline = self._models.serving(request.model)
        pipeline.decoder_name(request.decoder)
        answer = settings.read_answer_settings(request)
        frame = convert.to_frame(request.frame)
        work = partial(_respond, pipeline, answer, pb.DetectImageResponse, None)
        outcome = await self._calls.run(frame, work, context.time_remaining())
        if isinstance(outcome, Failed):
            raise outcome.error
        assert isinstance(outcome, pb.DetectImageResponse)
        return outcome

    @answer_faults
    async def Detect(  # noqa: N802
        self, requests: Requests, context: Context
    ) -> None:
        """Frames in, one outcome for each frame out."""
        with self._place():
            stream, started = await self._open(requests)
            self._begin()
            self._streams.add(stream)
            reader = asyncio.create_task(_read(requests, stream))
            try:
                await context.write(pb.DetectResponse(started=started, credit=stream.credit))
                async for outcome in stream.outcomes():
                    await context.write(self._to_response(outcome, stream.credit))
                complete = reader.done() and not stream.owes
                error = reader.result() if complete else _draining_error()
            finally:
                self._streams.discard(stream)
                stream.close()
                reader.cancel()
            if error is not None:
                raise error

    async def _read_first(self, requests: Requests) -> Request | None:
        reading = asyncio.ensure_future(anext(requests, None))
        self._opening.add(reading)
        try:
            return await asyncio.wait_for(reading, self._opening_timeout_s)
        except TimeoutError:
            text = f"no config came within {self._opening_timeout_s:g} s; send it at once"
            raise StreamError("CONFIG_MISSING", text) from None
        except asyncio.CancelledError:
            if self._draining:
                raise _draining_error() from None
            raise
        finally:
            self._opening.discard(reading)

    async def _open(self, requests: Requests) -> tuple[Stream, pb.Started]:
        first = await self._read_first(requests)
        if not isinstance(first, pb.DetectRequest) or first.WhichOneof("request") != "config":
            text = "the first request of a stream must be its config; send one before the frames"
            raise StreamError("CONFIG_MISSING", text)
        config = first.config
        pipeline = self._models.serving(config.model)
        decoder = pipeline.decoder_name(config.decoder)
        answer = settings.read_answer_settings(config)
        chosen = settings.read_stream_settings(
            config, self._models.limits.max_in_flight, tracks=pipeline.spec.tracks
        )
        memory = Memory() if chosen.is_tracking else None
        work = partial(_respond, pipeline, answer, pb.DetectResponse, memory)
        stream = Stream(chosen, self._dispatcher, work)
        in_force = settings.settings_in_force(config, chosen)
        in_force.model, in_force.decoder = pipeline.spec.name, decoder
        model = self._models.describe(pipeline.spec.name)
        stream_id = f"{time.time_ns():x}-{next(self._numbers)}"
        _LOG.info("stream %s opened for model %s", stream_id, pipeline.spec.name)
        return stream, pb.Started(config=in_force, model=model, stream_id=stream_id)

    def _to_response(self, outcome: object, credit: int) -> pb.DetectResponse:
        if isinstance(outcome, pb.DetectResponse):
            outcome.credit = credit
            return outcome
        if isinstance(outcome, Failed):
            return pb.DetectResponse(frame_error=convert.to_frame_error(outcome), credit=credit)
        if isinstance(outcome, Dropped):
            return pb.DetectResponse(dropped=convert.to_dropped(outcome), credit=credit)
        if outcome is Notice.DRAINING:
            draining = pb.Draining(grace=convert.to_duration(self._grace_s))
            return pb.DetectResponse(draining=draining, credit=0)
        heartbeat = pb.Heartbeat()
        heartbeat.server_time.GetCurrentTime()
        return pb.DetectResponse(heartbeat=heartbeat, credit=credit)

    def _begin(self) -> None:
        """Has a drain wait for this call, or refuses it where one has begun."""
        if self._draining:
            raise _draining_error()
        task = asyncio.current_task()
        assert task is not None
        self._calls_open.add(task)
        task.add_done_callback(self._calls_open.discard)

    @contextlib.contextmanager
    def _place(self) -> Iterator[None]:
        limit = self._models.limits.max_streams
        if self._places_taken >= limit:
            text = f"{limit} streams are open, as many as are allowed; retry with back-off"
            raise StreamError("TOO_MANY_STREAMS", text, max_streams=limit)
        self._places_taken += 1
        try:
            yield
        finally:
            self._places_taken -= 1


async def _read(requests: Requests, stream: Stream) -> PosewireError | None:
    """Offers frames to the stream; returns what is fatal to it, or None at its regular end."""
    try:
        async for request in requests:
            if isinstance(request, RawFrame):
                await stream.offer(_to_frame_or_failed(request.message, request.pixels))
                continue
            kind = request.WhichOneof("request")
            if kind == "config":
                text = "a stream has one config, its first request; open another stream"
                return StreamError("CONFIG_REPEATED", text)
            if kind is None:
                return StreamError("REQUEST_EMPTY", "the request is neither config nor frame")
            await stream.offer(_to_frame_or_failed(request.frame))
    except grpc.aio.BaseError:
        _LOG.debug("the client has gone")
    finally:
        stream.finish()
    return None


def _to_frame_or_failed(
    message: frame_pb2.Frame, pixels: memoryview | None = None
) -> Frame | Failed:
    try:
        return convert.to_frame(message, pixels)
    except PosewireError as error:
        return Failed(message.sequence_id, error)


def _respond(
    pipeline: Pipeline,
    answer: settings.AnswerSettings,
    kind: type[Response],
    memory: Memory | None,
    ticket: Ticket,
) -> Response:
    frame = ticket.frame
    detection = pipeline.detect(
        frame.source,
        region=frame.region,
        boxes=frame.boxes,
        decoder=answer.decoder,
        memory=memory,
        passage=Passage(ticket.check, ticket.age_s),
    )
    response = kind()
    convert.write_result(response.result, frame, detection, pipeline.version, answer)
    return response


def _draining_error() -> StreamError:
    text = "the server is shutting down; resume on another server, or later"
    return StreamError("SERVER_DRAINING", text)
