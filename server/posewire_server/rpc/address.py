"""Addresses that a server listens on: whether they can be had, before anything is loaded."""

import socket
from typing import Final

from posewire_server.errors import ConfigError

_LAST_PORT: Final = 65535


def check_address(address: str, *, reuse_port: bool = False) -> None:
    """Finds out early what listening would find out late.

    Args:
        address: ``host:port``, ``[host]:port`` or ``unix:/path``.
        reuse_port: Whether others may listen there too.

    Raises:
        ConfigError: ADDRESS_UNUSABLE.
    """
    host, _, port = address.rpartition(":")
    # gRPC would take the port modulo 65536, and the socket from a server that listens on it.
    beyond = port.isdecimal() and int(port) > _LAST_PORT
    if beyond or _is_answered(address):
        raise unusable(address)
    if port.isdecimal() and not beyond and not reuse_port:
        _try_to_bind(address, host.strip("[]"), int(port))


def unusable(address: str) -> ConfigError:
    """Returns the error of an address that can not be had."""
    text = f"cannot listen on {address}; is the port taken, the address one of this host?"
    return ConfigError("ADDRESS_UNUSABLE", text)


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
        raise unusable(address) from error


def _is_answered(address: str) -> bool:
    """Whether a server listens on a Unix socket."""
    if not address.startswith("unix:"):
        return False
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(address.removeprefix("unix:").removeprefix("//"))
        except OSError:
            return False
    return True
