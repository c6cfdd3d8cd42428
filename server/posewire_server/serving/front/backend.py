"""Workers as the front sees them: how to reach each, and how busy it is."""

import contextlib
from collections.abc import Callable, Iterator

import grpc

from posewire_server.errors import ErrorReason, StreamError
from posewire_server.serving.rpc.listener import SERVICE

_GRACE_S = 5.0


class Backend:
    """One worker that serves. Messages go to it and come from it as bytes.

    Args:
        place: Of the worker.
        address: Where it listens.
        max_message_bytes: Largest message, in both directions.

    Attributes:
        place: As given.
        detect: Opens a stream.
        streams: How many are open.
        calls: How many other calls are.
        is_leaving: Whether it has said that it drains, which nobody here has told it to.
    """

    def __init__(self, place: int, address: str, max_message_bytes: int) -> None:
        self.place = place
        self.streams = 0
        self.calls = 0
        self.is_leaving = False
        options = [
            ("grpc.max_receive_message_length", max_message_bytes),
            ("grpc.max_send_message_length", max_message_bytes),
        ]
        self._channel = grpc.aio.insecure_channel(address, options=options)
        self.detect: grpc.aio.StreamStreamMultiCallable[bytes, bytes] = self._channel.stream_stream(
            f"/{SERVICE}/Detect"
        )
        self._calls: dict[str, grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]] = {}

    def call(self, method: str) -> "grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]":
        """Returns what calls a method with one answer."""
        if method not in self._calls:
            self._calls[method] = self._channel.unary_unary(f"/{SERVICE}/{method}")
        return self._calls[method]

    async def close(self) -> None:
        """Lets go of a worker that has ended, once what it has said is read."""
        await self._channel.close(_GRACE_S)


class Backends:
    """The workers that serve now, and whose turn it is."""

    def __init__(self) -> None:
        self._by_place: dict[int, Backend] = {}
        self._last_chosen = -1

    def __len__(self) -> int:
        return len(self._by_place)

    def add(self, backend: Backend) -> None:
        """Takes in a worker that has come to serve."""
        self._by_place[backend.place] = backend

    def remove(self, place: int) -> Backend:
        """Takes out a worker that has ended."""
        return self._by_place.pop(place)

    def streams(self) -> dict[int, int]:
        """Returns how many streams the worker of each place has."""
        return {place: backend.streams for place, backend in list(self._by_place.items())}

    @contextlib.contextmanager
    def stream(self) -> Iterator[Backend]:
        """Gives the worker with the fewest open streams, which has one more meanwhile.

        Raises:
            StreamError: WORKER_LOST.
        """
        backend = self._choose(lambda it: it.streams)
        backend.streams += 1
        try:
            yield backend
        finally:
            backend.streams -= 1

    @contextlib.contextmanager
    def call(self, but: Backend | None = None) -> Iterator[Backend]:
        """Gives the worker with the fewest open streams and calls, which has one more meanwhile.

        Args:
            but: Not this one.

        Raises:
            StreamError: WORKER_LOST.
        """
        backend = self._choose(lambda it: it.streams + it.calls, but)
        backend.calls += 1
        try:
            yield backend
        finally:
            backend.calls -= 1

    def _choose(self, load: Callable[[Backend], int], but: Backend | None = None) -> Backend:
        """Returns who stays and has least to do; among equals the one after the last chosen."""
        serving = [backend for backend in self._by_place.values() if backend is not but]
        if not serving:
            raise lost_error("no worker process serves now; retry with back-off")
        last, size = self._last_chosen, max(self._by_place) + 1

        def order(it: Backend) -> tuple[bool, int, int]:
            return it.is_leaving, load(it), (it.place - last - 1) % size

        backend = min(serving, key=order)
        self._last_chosen = backend.place
        return backend


def lost_error(text: str) -> StreamError:
    """Returns the error of a call whose worker has ended."""
    return StreamError(ErrorReason.WORKER_LOST, text)
