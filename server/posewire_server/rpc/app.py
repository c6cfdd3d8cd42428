"""The server: services, health, reflection, limits, and its end."""

import asyncio
import logging
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from posewire.v1 import keypoint_service_pb2 as pb
from posewire.v1 import keypoint_service_pb2_grpc as pb_grpc

from posewire_server.dispatch import Dispatcher
from posewire_server.pipeline import EngineConfig, Pipeline
from posewire_server.rpc.address import check_address, unusable
from posewire_server.rpc.models import Limits, Models
from posewire_server.rpc.servicer import KeypointServicer
from posewire_server.rpc.wire import read_request

_LOG = logging.getLogger(__name__)
_LAST_WORDS_S = 0.5
_SERVICE = pb.DESCRIPTOR.services_by_name["KeypointService"].full_name


@dataclass(frozen=True)
class ServerConfig:
    """How to serve.

    Attributes:
        address: ``host:port`` (port 0 picks one), or ``unix:/path``.
        models: Names of the models to serve.
        engine: What runs them.
        limits: What requests may ask.
        frame_threads: Frames worked on at once; one more than predictors keeps those busy.
        grace_s: Longest time for open calls to end after SIGTERM.
        reuse_port: Whether other processes may listen on the same port.
    """

    address: str = "127.0.0.1:50051"
    models: tuple[str, ...] = ("body",)
    engine: EngineConfig = field(default_factory=EngineConfig)
    limits: Limits = field(default_factory=Limits)
    frame_threads: int = 2
    grace_s: float = 10.0
    reuse_port: bool = False


class Server:
    """A gRPC server on one event loop.

    Args:
        config: How to serve.
        pipelines: Loaded and warm, by the name of their model.
    """

    def __init__(self, config: ServerConfig, pipelines: Mapping[str, Pipeline]) -> None:
        self._config = config
        self._dispatcher = Dispatcher(config.frame_threads)
        models = Models(pipelines, config.limits)
        self._servicer = KeypointServicer(models, self._dispatcher, config.grace_s)
        self._health = health.aio.HealthServicer()
        self._health_names = ("", _SERVICE, *pipelines)
        self._server = grpc.aio.server(options=_channel_options(config))
        pb_grpc.add_KeypointServiceServicer_to_server(self._servicer, self._server)
        # Takes the place of the generated handler: this one reads raw images without copying them.
        self._server.add_registered_method_handlers(_SERVICE, _detect_handler(self._servicer))
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        names = (_SERVICE, health.SERVICE_NAME, reflection.SERVICE_NAME)
        reflection.enable_server_reflection(names, self._server)

    async def start(self) -> str:
        """Listens and serves; returns the address, with the port that was picked.

        Raises:
            ConfigError: ADDRESS_UNUSABLE.
        """
        address = self._config.address
        port = self._listen(address)
        await self._server.start()
        await self._set_health(health_pb2.HealthCheckResponse.SERVING)
        return address if address.startswith("unix:") else f"{address.rpartition(':')[0]}:{port}"

    def _listen(self, address: str) -> int:
        check_address(address, reuse_port=self._config.reuse_port)
        try:
            return self._server.add_insecure_port(address)
        except RuntimeError as error:
            raise unusable(address) from error

    async def drain(self) -> None:
        """Turns new work away, ends open streams, and stops within the grace time."""
        _LOG.info("draining, for %.1f s at most", self._config.grace_s)
        await self._set_health(health_pb2.HealthCheckResponse.NOT_SERVING)
        await self._servicer.drain()
        await self._server.stop(_LAST_WORDS_S)  # what is open now are watches of the health
        await asyncio.to_thread(self._dispatcher.close)

    async def _set_health(self, status: int) -> None:
        for name in self._health_names:
            await self._health.set(name, status)


async def serve(server: Server, announce: Callable[[str], None]) -> None:
    """Serves until SIGTERM or SIGINT, then drains; a second signal ends the process at once.

    Args:
        server: Not yet started.
        announce: Called with the address once the server answers.
    """
    announce(await server.start())
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _end, loop, ending)
    await ending.wait()
    await server.drain()


def _end(loop: asyncio.AbstractEventLoop, ending: asyncio.Event) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.remove_signal_handler(number)
        signal.signal(number, signal.SIG_DFL)
    ending.set()


def _detect_handler(servicer: KeypointServicer) -> dict[str, Any]:
    method = grpc.stream_stream_rpc_method_handler(
        servicer.Detect,
        request_deserializer=read_request,
        response_serializer=pb.DetectResponse.SerializeToString,
    )
    return {"Detect": method}


def _channel_options(config: ServerConfig) -> list[tuple[str, int]]:
    return [
        ("grpc.max_receive_message_length", config.limits.max_message_bytes),
        ("grpc.max_send_message_length", config.limits.max_message_bytes),
        ("grpc.so_reuseport", int(config.reuse_port)),
        ("grpc.keepalive_time_ms", 60_000),
        ("grpc.keepalive_timeout_ms", 20_000),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
        ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
        ("grpc.http2.max_ping_strikes", 2),
    ]
