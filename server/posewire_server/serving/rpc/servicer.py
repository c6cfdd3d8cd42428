"""The RPCs of ``posewire.v1.KeypointService``: messages in, messages out."""

import asyncio

from posewire.v1 import keypoint_service_pb2 as pb
from posewire.v1 import keypoint_service_pb2_grpc as pb_grpc

from posewire_server.errors import ErrorReason, StreamError
from posewire_server.metrics.frames import metrics_of
from posewire_server.outcome import Failed
from posewire_server.serving.rpc import settings
from posewire_server.serving.rpc.error_status import Context, answer_errors, draining_error
from posewire_server.serving.rpc.frame_conversion import to_frame
from posewire_server.serving.rpc.open_calls import OpenCalls
from posewire_server.serving.rpc.opening import open_stream, read_config
from posewire_server.serving.rpc.peer import is_local
from posewire_server.serving.rpc.places import Places
from posewire_server.serving.rpc.reading import Request, Requests, read_frames
from posewire_server.serving.rpc.response import Farewell, to_response
from posewire_server.serving.rpc.served_models import Models
from posewire_server.serving.rpc.tally import tallied, tally
from posewire_server.serving.rpc.work import ImageWork
from posewire_server.serving.streams.bytes_in_flight import BytesInFlight, Share, bytes_of
from posewire_server.serving.streams.dispatch import Calls, Dispatcher
from posewire_server.serving.streams.stream import Stream

_SHARE_FOR_READING = 0.1


class KeypointServicer(pb_grpc.KeypointServiceServicer):  # type: ignore[misc]
    """Answers the RPCs with the pipelines of ``models``.

    Args:
        models: What is served, and the limits.
        dispatcher: Runs the work.
        farewell: What streams are told when the server drains, and how long open calls then have.
        opening_timeout_s: Longest time that a stream may be without its config.
    """

    def __init__(
        self,
        models: Models,
        dispatcher: Dispatcher,
        farewell: Farewell,
        opening_timeout_s: float = 30.0,
    ) -> None:
        self._models = models
        self._dispatcher = dispatcher
        self._farewell = farewell
        self._bytes = BytesInFlight(models.limits.max_bytes_in_flight)
        self._share_of_calls = Share(self._bytes)
        self._opening_timeout_s = opening_timeout_s
        self._calls = Calls(dispatcher, max_waiting=models.limits.max_streams)
        self._streams: set[Stream] = set()
        self._opening: set[asyncio.Future[Request | None]] = set()
        self._open = OpenCalls()
        self._places = Places(models.limits.max_streams)

    async def drain(self) -> None:
        """Refuses new work, has every stream told, and waits for open calls, then ends them.

        At the end of the grace time the frames without an answer are dropped; what is left of it is
        for clients to read that.
        """
        self._open.is_draining = True
        for stream in self._streams:
            stream.drain()
        for reading in self._opening:
            reading.cancel()
        reading_s = _SHARE_FOR_READING * self._farewell.grace_s
        await self._open.ended(self._farewell.grace_s - reading_s)
        self._calls.abandon(draining_error())
        for stream in self._streams:
            stream.cut_short()
        await self._open.ended(reading_s)
        for stream in self._streams:
            stream.close()

    @answer_errors
    async def ListModels(  # noqa: N802 (the contract's name)
        self, _request: pb.ListModelsRequest, _context: Context
    ) -> pb.ListModelsResponse:
        """All models the server knows."""
        return pb.ListModelsResponse(models=self._models.describe_all())

    @answer_errors
    async def GetModel(  # noqa: N802
        self, request: pb.GetModelRequest, _context: Context
    ) -> pb.GetModelResponse:
        """One model by its name or an alias."""
        return pb.GetModelResponse(model=self._models.describe(request.name))

    @answer_errors
    async def DetectImage(  # noqa: N802
        self, request: pb.DetectImageRequest, context: Context
    ) -> pb.DetectImageResponse:
        """One picture in, its poses out."""
        self._open.begin()
        pipeline = self._models.serving(request.model)
        pipeline.mode_name(request.mode)
        answer = settings.read_answer_settings(request)
        priority = settings.read_priority(request)
        work = ImageWork(pipeline, answer, is_local(context)).run
        with tallied(metrics_of(pipeline.spec.name)):
            frame = to_frame(request.frame)
            with self._share_of_calls.hold(bytes_of(frame)):
                outcome = await self._calls.run(frame, work, context.time_remaining(), priority)
            if isinstance(outcome, Failed):
                raise outcome.error
        assert isinstance(outcome, pb.DetectImageResponse)
        return outcome

    @answer_errors
    async def Detect(  # noqa: N802
        self, requests: Requests, context: Context
    ) -> None:
        """Frames in, one outcome for each frame out."""
        with self._places.take():
            config = read_config(await self._read_first(requests))
            self._open.begin()
            share = Share(self._bytes)
            stream, started = open_stream(
                config, self._models, self._dispatcher, share, is_local=is_local(context)
            )
            self._streams.add(stream)
            reader = asyncio.create_task(read_frames(requests, stream))
            metrics = metrics_of(started.model.name)
            metrics.count_stream(opened=True)
            try:
                await context.write(pb.DetectResponse(started=started, credit=stream.credit))
                async for outcome in stream.outcomes():
                    tally(metrics, outcome)
                    await context.write(to_response(outcome, stream, self._farewell))
                complete = reader.done() and not stream.owes and not stream.is_cut_short
                error = reader.result() if complete else draining_error()
            finally:
                metrics.count_stream(opened=False)
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
            raise StreamError(ErrorReason.CONFIG_MISSING, text) from None
        except asyncio.CancelledError:
            if self._open.is_draining:
                raise draining_error() from None
            raise
        finally:
            self._opening.discard(reading)
