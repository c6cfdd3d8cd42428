"""The synchronous client."""

import time
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Self, Unpack

import grpc
from grpc_health.v1 import health_pb2

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
from posewire.stream import DetectStream
from posewire.v1 import keypoint_service_pb2 as service_pb2


class Client:
    """Talks to a posewire server; safe to share between threads.

    Args:
        target: ``host:port``, ``unix:/path`` or any other gRPC name; or several of them, best
            first: if one cannot be reached, shuts down or does not serve the model, the next one is
            used; or a channel of the caller's, which :meth:`close` does not close.
        credentials: For TLS; None: plain text. Of no effect with a channel.
        timeout_s: Of every call but ``detect``; None: none.
        reconnect: When a stream tries again after its connection broke.
    """

    def __init__(
        self,
        target: str | Sequence[str] | grpc.Channel,
        *,
        credentials: grpc.ChannelCredentials | None = None,
        timeout_s: float | None = 30.0,
        reconnect: Reconnect = Reconnect(),  # noqa: B008  (frozen)
    ) -> None:
        self._connections: Connections[grpc.Channel] = Connections(
            target, partial(_open, credentials)
        )
        self._timeout_s = timeout_s
        self._reconnect = reconnect

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections, unless the channel is the caller's."""
        for channel in self._connections.take_channels():
            channel.close()

    def detect(
        self,
        frames: Iterable[FrameLike],
        *,
        model: str = "body",
        shared_memory: bool = False,
        **options: Unpack[StreamOptions],
    ) -> Generator[Outcome]:
        """Streams frames and yields exactly one outcome for each frame sent.

        Frames are pulled in a thread as the server has room for them. Closing the generator cancels
        the stream. When the connection breaks, or the server shuts down, the stream goes on over a
        new one, to where the server said or to the next target. With ``OverflowPolicy.BLOCK`` the
        frames without an outcome are sent again then; else they are reported as one ``Lost``.

        Args:
            frames: Bytes of image files, uint8 arrays (H, W, 3) BGR, or ``Frame`` objects.
            model: Name or alias of a model.
            shared_memory: Whether large pictures go by shared memory where the server is on this
                machine, see ``posewire.shared_memory``.
            **options: See :class:`posewire.StreamOptions`.

        Yields:
            ``Result``, ``FrameError``, ``Dropped`` or ``Lost``.

        Raises:
            ModelNotServingError: No server serves the model. Raised after each was asked once.
            PosewireError: The stream failed for good. Raised while iterating.
            Exception: Whatever iterating ``frames`` raised, after the outcomes owed.
        """
        names, reconnect = self._connections.names, self._reconnect
        session = open_session(model, options, names, reconnect, shared_memory=shared_memory)
        return DetectStream(self._connections, frames, session).outcomes()

    def detect_image(
        self, image: FrameLike, *, model: str = "body", **options: Unpack[ImageOptions]
    ) -> Result:
        """Returns the poses of one image.

        Raises:
            PosewireError: The call failed; the subclass and ``reason`` say why.
        """
        request = image_request(model, options)
        write_frame(image if isinstance(image, Frame) else Frame(image), request.frame)
        sent_at_s = time.monotonic()
        response = self._call(lambda to: to.service.DetectImage, request)
        round_trip_s = time.monotonic() - sent_at_s
        return read_result(response.result, keypoint_count=0, round_trip_s=round_trip_s)

    def list_models(self) -> list[Model]:
        """Returns all models the server knows, sorted by name.

        Raises:
            PosewireError: The call failed.
        """
        request = service_pb2.ListModelsRequest()
        response = self._call(lambda to: to.service.ListModels, request)
        return [read_model(model) for model in response.models]

    def get_model(self, name: str) -> Model:
        """Returns one model by its name or an alias.

        Raises:
            ModelUnknownError: There is no such model.
            PosewireError: The call failed.
        """
        request = service_pb2.GetModelRequest(name=name)
        return read_model(self._call(lambda to: to.service.GetModel, request).model)

    def health(self, service: str = "") -> Health:
        """Returns the health of the server, or of one service of it.

        Raises:
            NotFoundError: The server knows no such service.
            PosewireError: The call failed.
        """
        request = health_pb2.HealthCheckRequest(service=service)
        return Health(self._call(lambda to: to.health.Check, request).status)

    def _call(self, method: Callable[[Connection[grpc.Channel]], Any], request: object) -> Any:
        """Asks the servers in turn, until one is available and serves the model."""
        *first, last = self._connections.names
        for name in first:
            with suppress(UnavailableError, ModelNotServingError):
                return self._call_at(name, method, request)
        return self._call_at(last, method, request)

    def _call_at(
        self, name: str, method: Callable[[Connection[grpc.Channel]], Any], request: object
    ) -> Any:
        with typed_errors():
            return method(self._connections.get(name))(request, timeout=self._timeout_s)


def _open(credentials: grpc.ChannelCredentials | None, target: str) -> grpc.Channel:
    if credentials is None:
        return grpc.insecure_channel(target, options=channel_options())
    return grpc.secure_channel(target, credentials, options=channel_options())
