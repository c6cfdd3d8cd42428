"""The connections of one client: one for each server, opened when it is first needed."""

import threading
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from grpc_health.v1 import health_pb2_grpc

from posewire.v1.keypoint_service_pb2_grpc import KeypointServiceStub
from posewire.wire import detect_method

C = TypeVar("C")


class Connection(Generic[C]):
    """A channel and what can be asked over it, sync or asyncio.

    Attributes:
        channel: The channel.
        service: The calls with one answer.
        detect: The streaming call.
        health: The health service.
    """

    def __init__(self, channel: C) -> None:
        anything: Any = channel
        self.channel = channel
        self.service = KeypointServiceStub(anything)
        self.detect: Any = detect_method(anything)
        self.health: Any = health_pb2_grpc.HealthStub(anything)


class Connections(Generic[C]):
    """Connections by the names of their servers.

    Args:
        target: A name, several, best first, or a channel of the caller's, which then serves for all
            names.
        open_channel: Opens the channel to a name.

    Attributes:
        names: Those given; a channel of the caller's has the empty one.

    Raises:
        ValueError: No name was given.
    """

    def __init__(self, target: str | Sequence[str] | C, open_channel: Callable[[str], C]) -> None:
        self._open_channel = open_channel
        self._opened: dict[str, Connection[C]] = {}
        self._lock = threading.Lock()
        self._callers: Connection[C] | None = None
        if isinstance(target, str):
            self.names: tuple[str, ...] = (target,)
        elif isinstance(target, Sequence):
            self.names = tuple(target)
        else:
            self.names, self._callers = ("",), Connection(target)
        if not self.names:
            raise ValueError("a client needs the name of at least one server")

    def get(self, name: str) -> Connection[C]:
        """Returns the connection to a server."""
        if self._callers is not None:
            return self._callers
        with self._lock:
            if name not in self._opened:
                self._opened[name] = Connection(self._open_channel(name))
            return self._opened[name]

    def take_channels(self) -> list[C]:
        """Returns the channels to be closed: all but the caller's."""
        with self._lock:
            opened = [connection.channel for connection in self._opened.values()]
            self._opened.clear()
        return opened
