"""gRPC server with its address, options, health and reflection; services are added by others."""

import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from posewire.v1 import keypoint_service_pb2 as pb

from posewire_server.errors import ConfigError, LocalReason
from posewire_server.serving.rpc.reflection import add_reflection
from posewire_server.serving.rpc.server_config import ServerConfig

SERVICE = pb.DESCRIPTOR.services_by_name["KeypointService"].full_name
# Lines on the standard output of a server that is ready, before the address and the URL.
READY: Final = "posewire-server listening on "
METRICS: Final = "posewire-server shows metrics on "
_LAST_PORT: Final = 65535
_LAST_WORDS_S = 0.5


class Listener:
    """gRPC server with health and reflection; other services are added to ``server``.

    Args:
        models: Names of models; each is a service of grpc.health.v1.
    """

    def __init__(self, config: ServerConfig, models: Sequence[str]) -> None:
        self.server = grpc.aio.server(options=server_options(config))
        self._config = config
        self._health = health.aio.HealthServicer()
        self._health_names = ("", SERVICE, *models)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self.server)
        add_reflection((SERVICE, health.SERVICE_NAME), self.server)

    async def start(self) -> str:
        """Serves; returns the address with its actual port.

        Raises:
            ConfigError: ADDRESS_UNUSABLE.
        """
        address = self._config.address
        check_address(address, reuse_port=self._config.reuse_port)
        try:
            port = self.server.add_insecure_port(address)
        except RuntimeError as error:
            raise _unusable(address) from error
        await self.server.start()
        await self.set_serving(serving=True)
        if address.startswith(("unix:", "unix-abstract:")):  # it has a name and no port
            return address
        return f"{address.rpartition(':')[0]}:{port}"

    async def set_serving(self, *, serving: bool) -> None:
        """Sets the health of the server, of its service and of all models."""
        response = health_pb2.HealthCheckResponse
        for name in self._health_names:
            await self._health.set(name, response.SERVING if serving else response.NOT_SERVING)

    async def stop(self) -> None:
        """Closes the port and ends what is open, after the services have drained."""
        await self.server.stop(_LAST_WORDS_S)


def server_options(config: ServerConfig) -> list[tuple[str, int]]:
    """Returns the options of a gRPC server."""
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


def check_address(address: str, *, reuse_port: bool = False) -> None:
    """Checks that a server can listen on an address, before models are loaded.

    Args:
        address: ``host:port``, ``[host]:port``, ``unix:/path`` or ``unix-abstract:name``.

    Raises:
        ConfigError: ADDRESS_UNUSABLE.
    """
    kind, _, name = address.partition(":")
    if kind == "unix":
        _check_path(address, Path(name.removeprefix("//")))
    elif kind != "unix-abstract":
        _check_port(address, reuse_port=reuse_port)


def _unusable(address: str) -> ConfigError:
    return _error(address, "is the port taken, the address one of this host?")


def _error(address: str, remedy: str) -> ConfigError:
    return ConfigError(LocalReason.ADDRESS_UNUSABLE, f"cannot listen on {address}; {remedy}")


def _check_path(address: str, path: Path) -> None:
    if not path.parent.is_dir():
        raise _error(address, f"there is no folder {path.parent}; create it")
    if _is_answered(path):
        raise _error(address, "another server does; stop it, or give another path")


def _check_port(address: str, *, reuse_port: bool) -> None:
    host, _, port = address.rpartition(":")
    if not port.isdecimal():
        raise _error(address, "give host:port or unix:/path")
    # gRPC would take the port modulo 65536, and the socket from a server that listens on it.
    if int(port) > _LAST_PORT:
        raise _error(address, f"a port is at most {_LAST_PORT}; 0 picks one that is free")
    if not reuse_port:
        _try_to_bind(address, host.strip("[]"), int(port))


def _try_to_bind(address: str, host: str, port: int) -> None:
    try:
        found = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        family, kind, protocol, _, place = found[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
    except OSError as error:
        raise _unusable(address) from error


def _is_answered(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True
