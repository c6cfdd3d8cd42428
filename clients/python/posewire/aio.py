"""The asyncio client."""

import time
from collections.abc import AsyncGenerator, AsyncIterable, Iterable
from types import TracebackType
from typing import Any, Self, Unpack

import grpc
import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from posewire.aio_stream import AsyncDetectStream
from posewire.channel import channel_options
from posewire.errors import typed_errors
from posewire.frame import Frame, FrameLike, write_frame
from posewire.health import Health
from posewire.model import Model, read_model
from posewire.options import ImageOptions, StreamOptions, image_request, stream_config
from posewire.outcome import Outcome, Result, read_result
from posewire.reconnect import Reconnect
from posewire.session import Session
from posewire.v1 import keypoint_service_pb2 as service_pb2
from posewire.v1.keypoint_service_pb2_grpc import KeypointServiceStub
from posewire.wire import detect_method


class AsyncClient:
    """:class:`posewire.Client` for asyncio; make it inside the running event loop.

    Args:
        target: ``host:port``, ``unix:/path``, any other gRPC name, or a channel of the caller's. A
            channel that was passed in is not closed by :meth:`close`.
        credentials: For TLS; None: plain text. Of no effect with a channel.
        timeout_s: Of every call but ``detect``; None: none.
        reconnect: When a stream tries again after its connection broke.
    """

    def __init__(
        self,
        target: str | grpc.aio.Channel,
        *,
        credentials: grpc.ChannelCredentials | None = None,
        timeout_s: float | None = 30.0,
        reconnect: Reconnect = Reconnect(),  # noqa: B008  (frozen)
    ) -> None:
        self._owned = _open(target, credentials) if isinstance(target, str) else None
        channel: Any = self._owned or target
        self._service = KeypointServiceStub(channel)
        self._detect = detect_method(channel)
        self._health: Any = health_pb2_grpc.HealthStub(channel)
        self._timeout_s = timeout_s
        self._reconnect = reconnect

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes the connection, unless the channel is the caller's."""
        if self._owned is not None:
            await self._owned.close()

    def detect(
        self,
        frames: Iterable[FrameLike] | AsyncIterable[FrameLike],
        *,
        model: str = "body",
        **options: Unpack[StreamOptions],
    ) -> AsyncGenerator[Outcome]:
        """Streams frames and yields exactly one outcome for each frame sent.

        As :meth:`posewire.Client.detect`. Frames of a plain iterable are pulled in worker threads.
        Leave early with ``async with contextlib.aclosing(client.detect(...)) as outcomes``, which
        cancels the stream at once.
        """
        session = Session(stream_config(model, options), self._reconnect)
        return AsyncDetectStream(self._detect, frames, session).outcomes()

    async def detect_image(
        self, image: FrameLike, *, model: str = "body", **options: Unpack[ImageOptions]
    ) -> Result:
        """Returns the poses of one image; as :meth:`posewire.Client.detect_image`."""
        request = image_request(model, options)
        write_frame(image if isinstance(image, Frame) else Frame(image), request.frame)
        sent_at_s = time.monotonic()
        with typed_errors():
            response = await self._service.DetectImage(request, timeout=self._timeout_s)
        round_trip_s = time.monotonic() - sent_at_s
        return read_result(response.result, keypoint_count=0, round_trip_s=round_trip_s)

    async def list_models(self) -> list[Model]:
        """Returns all models the server knows, sorted by name."""
        request = service_pb2.ListModelsRequest()
        with typed_errors():
            response = await self._service.ListModels(request, timeout=self._timeout_s)
        return [read_model(model) for model in response.models]

    async def get_model(self, name: str) -> Model:
        """Returns one model by its name or an alias; as :meth:`posewire.Client.get_model`."""
        request = service_pb2.GetModelRequest(name=name)
        with typed_errors():
            response = await self._service.GetModel(request, timeout=self._timeout_s)
        return read_model(response.model)

    async def health(self, service: str = "") -> Health:
        """Returns the health of the server, or of one service of it."""
        request = health_pb2.HealthCheckRequest(service=service)
        with typed_errors():
            response = await self._health.Check(request, timeout=self._timeout_s)
        return Health(response.status)


def _open(target: str, credentials: grpc.ChannelCredentials | None) -> grpc.aio.Channel:
    if credentials is None:
        return grpc.aio.insecure_channel(target, options=channel_options())
    return grpc.aio.secure_channel(target, credentials, options=channel_options())
