"""What every server of ours is to the network: an address, limits, health, reflection, an end."""

import asyncio
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from posewire.v1 import keypoint_service_pb2 as pb

from posewire_server.serving.rpc.address import check_address, is_unix, unusable
from posewire_server.serving.rpc.reflection import add_reflection

SERVICE = pb.DESCRIPTOR.services_by_name["KeypointService"].full_name
# Lines on the standard output of a server that is ready, before the address and the URL.
READY: Final = "posewire-server listening on "
METRICS: Final = "posewire-server shows metrics on "
_LAST_WORDS_S = 0.5


@dataclass(frozen=True)
class Listening:
    """Where and how to listen.

    Attributes:
        address: ``host:port`` (port 0 picks one), or ``unix:/path``.
        max_message_bytes: Largest message, in both directions.
        reuse_port: Whether other processes may listen on the same port.
    """

    address: str
    max_message_bytes: int
    reuse_port: bool = False


class Listener:
    """A gRPC server with its health and reflection; the services are added to ``server``.

    Args:
        listening: Where and how to listen.
        models: Names of the models, each of which has its health.

    Attributes:
        server: Not yet started.
    """

    def __init__(self, listening: Listening, models: Sequence[str]) -> None:
        self.server = grpc.aio.server(options=server_options(listening))
        self._listening = listening
        self._health = health.aio.HealthServicer()
        self._health_names = ("", SERVICE, *models)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self.server)
        add_reflection((SERVICE, health.SERVICE_NAME), self.server)

    async def start(self) -> str:
        """Listens and serves; returns the address, with the port that was picked.

        Raises:
            ConfigError: ADDRESS_UNUSABLE.
        """
        address = self._listening.address
        port = self._listen(address)
        await self.server.start()
        await self.set_serving(serving=True)
        return address if is_unix(address) else f"{address.rpartition(':')[0]}:{port}"

    async def set_serving(self, *, serving: bool) -> None:
        """Tells the health of all models."""
        response = health_pb2.HealthCheckResponse
        for name in self._health_names:
            await self._health.set(name, response.SERVING if serving else response.NOT_SERVING)

    async def stop(self) -> None:
        """Ends what is open: watches of the health, when the services have drained."""
        await self.server.stop(_LAST_WORDS_S)

    def _listen(self, address: str) -> int:
        check_address(address, reuse_port=self._listening.reuse_port)
        try:
            return self.server.add_insecure_port(address)
        except RuntimeError as error:
            raise unusable(address) from error


class Served(Protocol):
    """What ``serve`` serves."""

    async def start(self) -> str:
        """Begins to serve; returns the address."""

    async def fail(self) -> None:
        """Waits for a fault that ends the service and raises it; may wait for ever."""

    async def drain(self) -> None:
        """Ends the service."""


async def serve(served: Served, announce: Callable[[str], None]) -> None:
    """Serves until SIGTERM or SIGINT, then drains; a second signal ends the process at once.

    Args:
        served: Not yet started.
        announce: Called with the address once the server answers.

    Raises:
        PosewireError: What the service could not start for, or what ended it.
    """
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _end, loop, ending)
    ended = asyncio.create_task(ending.wait())
    living = asyncio.create_task(_live(served, announce))
    await asyncio.wait((ended, living), return_when=asyncio.FIRST_COMPLETED)
    living.cancel()
    await asyncio.wait((living,))
    await served.drain()
    if not living.cancelled():
        living.result()


async def _live(served: Served, announce: Callable[[str], None]) -> None:
    announce(await served.start())
    await served.fail()


def _end(loop: asyncio.AbstractEventLoop, ending: asyncio.Event) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.remove_signal_handler(number)
        signal.signal(number, signal.SIG_DFL)
    ending.set()


def server_options(listening: Listening) -> list[tuple[str, int]]:
    """Returns the options of a gRPC server."""
    return [
        ("grpc.max_receive_message_length", listening.max_message_bytes),
        ("grpc.max_send_message_length", listening.max_message_bytes),
        ("grpc.so_reuseport", int(listening.reuse_port)),
        ("grpc.keepalive_time_ms", 60_000),
        ("grpc.keepalive_timeout_ms", 20_000),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
        ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
        ("grpc.http2.max_ping_strikes", 2),
    ]
