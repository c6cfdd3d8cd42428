"""Servicer of ``posewire.v1.KeypointService``: messages in, messages out."""

import asyncio
import logging
from typing import Any, Final

import grpc
from posewire.v1 import frame_pb2
from posewire.v1 import keypoint_service_pb2 as pb
from posewire.v1 import keypoint_service_pb2_grpc as pb_grpc

from posewire_server.errors import ErrorReason, PosewireError, StreamError
from posewire_server.metrics.frames import ModelMetrics
from posewire_server.outcome import Answer, Failed
from posewire_server.serving.rpc.error_status import (
    Context,
    answer_errors,
    client_error,
    draining_error,
)
from posewire_server.serving.rpc.frame_conversion import to_frame_or_failed
from posewire_server.serving.rpc.open_calls import OpenCalls, StreamLimiter, too_many_calls
from posewire_server.serving.rpc.peer import is_local
from posewire_server.serving.rpc.request_parser import RawFrame
from posewire_server.serving.rpc.response import DrainNotice, count_item, to_response
from posewire_server.serving.rpc.served_models import Models
from posewire_server.serving.rpc.stream_setup import (
    StreamRequest,
    StreamRequests,
    open_call,
    open_stream,
    read_config,
)
from posewire_server.serving.streams.bytes_in_flight import ByteShare, BytesInFlight
from posewire_server.serving.streams.dispatcher import Dispatcher
from posewire_server.serving.streams.stream import Stream

_LOG = logging.getLogger(__name__)
_SHARE_FOR_READING: Final = 0.1


class KeypointServicer(pb_grpc.KeypointServiceServicer):  # type: ignore[misc]
    """Answers the RPCs with the pipelines of ``models``.

    Args:
        notice: What streams are told when the server drains, and how long open calls then have.
        opening_timeout_s: Longest time that a stream may be without its config.
    """

    def __init__(
        self,
        models: Models,
        dispatcher: Dispatcher,
        notice: DrainNotice,
        opening_timeout_s: float = 30.0,
    ) -> None:
        self._models = models
        self._dispatcher = dispatcher
        self._notice = notice
        self._bytes = BytesInFlight(models.limits.max_bytes_in_flight)
        self._opening_timeout_s = opening_timeout_s
        self._streams: set[Stream[Any]] = set()
        self._opening: set[asyncio.Future[StreamRequest | None]] = set()
        self._open = OpenCalls()
        self._stream_limiter = StreamLimiter(models.limits.max_streams)
        self._call_limiter = StreamLimiter(models.limits.max_streams, too_many_calls)

    async def drain(self) -> None:
        """Refuses new calls, notifies every stream, waits for open calls, and then ends them.

        Near the end of the grace time unanswered frames are dropped; clients read that in the rest.
        """
        self._open.is_draining = True
        for stream in self._streams:
            stream.drain()
        for reading in self._opening:
            reading.cancel()
        reading_s = _SHARE_FOR_READING * self._notice.grace_s
        await self._open.ended(self._notice.grace_s - reading_s)
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
        """One picture in, its poses out: a stream of one frame."""
        self._open.begin()
        pipeline = self._models.serving(request.model)
        share = ByteShare(self._bytes)
        stream = open_call(request, pipeline, self._dispatcher, share, is_local=is_local(context))
        metrics = ModelMetrics(pipeline.spec.name)
        try:
            response = await self._answer(stream, request.frame, context.time_remaining())
        except PosewireError as error:
            metrics.count_error(client_error(error).reason)
            raise
        metrics.count_result()
        return response

    @answer_errors
    async def Detect(  # noqa: N802
        self, requests: StreamRequests, context: Context
    ) -> None:
        """Frames in, one outcome for each frame out."""
        with self._stream_limiter.take():
            config = read_config(await self._read_first(requests))
            self._open.begin()
            share = ByteShare(self._bytes)
            stream, started = open_stream(
                config, self._models, self._dispatcher, share, is_local=is_local(context)
            )
            self._streams.add(stream)
            reader = asyncio.create_task(_read_frames(requests, stream))
            metrics = ModelMetrics(started.model.name)
            metrics.count_stream(opened=True)
            try:
                await context.write(pb.DetectResponse(started=started, credit=stream.credit))
                async for item in stream:
                    count_item(metrics, item)
                    await context.write(to_response(item, stream, self._notice))
                complete = reader.done() and not stream.owes and not stream.is_cut_short
                error = reader.result() if complete else draining_error()
            finally:
                metrics.count_stream(opened=False)
                self._streams.discard(stream)
                stream.close()
                reader.cancel()
            if error is not None:
                raise error

    async def _answer(
        self,
        stream: Stream[pb.DetectImageResponse],
        message: frame_pb2.Frame,
        time_left_s: float | None,
    ) -> pb.DetectImageResponse:
        """Returns the answer to the one frame of a stream."""
        self._streams.add(stream)
        try:
            with self._call_limiter.take():
                await stream.offer(to_frame_or_failed(message), time_left_s)
                stream.finish()
                outcomes = [item async for item in stream]
        finally:
            self._streams.discard(stream)
            stream.close()
        match outcomes:
            case [*_, Answer(response)]:
                return response
            case [*_, Failed(error=error)]:
                raise error
        raise draining_error()

    async def _read_first(self, requests: StreamRequests) -> StreamRequest | None:
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


async def _read_frames(
    requests: StreamRequests, stream: Stream[pb.DetectResponse]
) -> PosewireError | None:
    """Offers frames to the stream; returns what is fatal to it, or None at its regular end."""
    try:
        async for request in requests:
            if isinstance(request, RawFrame):
                await stream.offer(to_frame_or_failed(request.message, request.pixels))
                continue
            kind = request.WhichOneof("request")
            if kind == "config":
                text = "a stream has one config, its first request; open another stream"
                return StreamError(ErrorReason.CONFIG_REPEATED, text)
            if kind is None:
                return StreamError(
                    ErrorReason.REQUEST_EMPTY, "the request is neither config nor frame"
                )
            await stream.offer(to_frame_or_failed(request.frame))
    except grpc.aio.BaseError:
        _LOG.debug("the client is gone")
    finally:
        stream.finish()
    return None
