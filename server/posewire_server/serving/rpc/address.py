"""Addresses that a server listens on: whether they can be had, before anything is loaded."""

import socket
from pathlib import Path
from typing import Final

from posewire_server.errors import ConfigError, LocalReason

_LAST_PORT: Final = 65535


def is_unix(address: str) -> bool:
    """Whether an address is that of a Unix socket, which has a name and no port."""
    return address.startswith(("unix:", "unix-abstract:"))


def check_address(address: str, *, reuse_port: bool = False) -> None:
    """Finds out early what listening would find out late.

    Args:
        address: ``host:port``, ``[host]:port``, ``unix:/path`` or ``unix-abstract:name``.
        reuse_port: Whether others may listen there too.

    Raises:
        ConfigError: ADDRESS_UNUSABLE.
    """
    kind, _, name = address.partition(":")
    if kind == "unix":
        _check_path(address, Path(name.removeprefix("//")))
    elif kind != "unix-abstract":
        _check_port(address, reuse_port=reuse_port)


def unusable(address: str) -> ConfigError:
    """Returns the error of an address that cannot be had."""
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
        raise unusable(address) from error


def _is_answered(path: Path) -> bool:
    """Whether a server listens on a Unix socket."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True
