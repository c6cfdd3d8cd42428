"""The asyncio client."""

import time
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Self, Unpack

import grpc
import grpc.aio
from grpc_health.v1 import health_pb2

from posewire.aio_stream import AsyncDetectStream
from posewire.channel import channel_options
from posewire.connection import Connection, Connections
from posewire.errors import ModelNotServingError, UnavailableError, typed_errors
from posewire.frame import Frame, FrameLike, write_frame
from posewire.health import Health
from posewire.model import Model, read_model
from posewire.options import ImageOptions, StreamOptions, image_request
from posewire.outcome import Outcome, Result, read_result
from posewire.reconnect import Reconnect
from posewire.sharing import open_session
from posewire.v1 import keypoint_service_pb2 as service_pb2


class AsyncClient:
    """:class:`posewire.Client` for asyncio; make it inside the running event loop.

    Takes the same arguments; a channel of the caller's is one of ``grpc.aio``.
    """

    def __init__(
        self,
        target: str | Sequence[str] | grpc.aio.Channel,
        *,
        credentials: grpc.ChannelCredentials | None = None,
        timeout_s: float | None = 30.0,
        reconnect: Reconnect = Reconnect(),  # noqa: B008  (frozen)
    ) -> None:
        self._connections: Connections[grpc.aio.Channel] = Connections(
            target, partial(_open, credentials)
        )
        self._timeout_s = timeout_s
        self._reconnect = reconnect

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes the connections, unless the channel is the caller's."""
        for channel in self._connections.take_channels():
            await channel.close()

    def detect(
        self,
        frames: Iterable[FrameLike] | AsyncIterable[FrameLike],
        *,
        model: str = "body",
        shared_memory: bool = False,
        **options: Unpack[StreamOptions],
    ) -> AsyncGenerator[Outcome]:
        """Streams frames and yields exactly one outcome for each frame sent.

        As :meth:`posewire.Client.detect`. Frames of a plain iterable are pulled in worker threads.
        Leave early with ``async with contextlib.aclosing(client.detect(...)) as outcomes``, which
        cancels the stream at once.
        """
        names, reconnect = self._connections.names, self._reconnect
        session = open_session(model, options, names, reconnect, shared_memory=shared_memory)
        return AsyncDetectStream(self._connections, frames, session).outcomes()

    async def detect_image(
        self, image: FrameLike, *, model: str = "body", **options: Unpack[ImageOptions]
    ) -> Result:
        """Returns the poses of one image; as :meth:`posewire.Client.detect_image`."""
        request = image_request(model, options)
        write_frame(image if isinstance(image, Frame) else Frame(image), request.frame)
        sent_at_s = time.monotonic()
        response = await self._call(lambda to: to.service.DetectImage, request)
        round_trip_s = time.monotonic() - sent_at_s
        return read_result(response.result, keypoint_count=0, round_trip_s=round_trip_s)

    async def list_models(self) -> list[Model]:
        """Returns all models the server knows, sorted by name."""
        request = service_pb2.ListModelsRequest()
        response = await self._call(lambda to: to.service.ListModels, request)
        return [read_model(model) for model in response.models]

    async def get_model(self, name: str) -> Model:
        """Returns one model by its name or an alias; as :meth:`posewire.Client.get_model`."""
        request = service_pb2.GetModelRequest(name=name)
        return read_model((await self._call(lambda to: to.service.GetModel, request)).model)

    async def health(self, service: str = "") -> Health:
        """Returns the health of the server, or of one service of it."""
        request = health_pb2.HealthCheckRequest(service=service)
        return Health((await self._call(lambda to: to.health.Check, request)).status)

    async def _call(
        self, method: Callable[[Connection[grpc.aio.Channel]], Any], request: object
    ) -> Any:
        """Asks the servers in turn, until one is available and serves the model."""
        *first, last = self._connections.names
        for name in first:
            with suppress(UnavailableError, ModelNotServingError):
                return await self._call_at(name, method, request)
        return await self._call_at(last, method, request)

    async def _call_at(
        self, name: str, method: Callable[[Connection[grpc.aio.Channel]], Any], request: object
    ) -> Any:
        with typed_errors():
            return await method(self._connections.get(name))(request, timeout=self._timeout_s)


def _open(credentials: grpc.ChannelCredentials | None, target: str) -> grpc.aio.Channel:
    if credentials is None:
        return grpc.aio.insecure_channel(target, options=channel_options())
    return grpc.aio.secure_channel(target, credentials, options=channel_options())
