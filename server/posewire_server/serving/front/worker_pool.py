"""Workers of a front: the connection to each, and the choice among them."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Final

import grpc

from posewire_server.errors import ErrorReason, StreamError
from posewire_server.serving.rpc.listener import SERVICE

_GRACE_S: Final = 5.0


class Worker:
    """Connection to a worker that serves; messages pass as bytes.

    Attributes:
        is_leaving: Whether the worker has said that it drains, though the front did not ask it to.
    """

    def __init__(self, slot: int, address: str, max_message_bytes: int) -> None:
        self.slot = slot
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
        self._methods: dict[str, grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]] = {}

    def method(self, name: str) -> "grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]":
        """Returns the callable of a unary method."""
        if name not in self._methods:
            self._methods[name] = self._channel.unary_unary(f"/{SERVICE}/{name}")
        return self._methods[name]

    async def close(self) -> None:
        """Closes the connection after the worker's end, once what it said is read."""
        await self._channel.close(_GRACE_S)


class WorkerPool:
    """Workers that serve now; a new stream or call goes to the least busy one."""

    def __init__(self) -> None:
        self._by_slot: dict[int, Worker] = {}
        self._last_chosen = -1

    def __len__(self) -> int:
        return len(self._by_slot)

    def add(self, worker: Worker) -> None:
        """Adds a worker that serves."""
        self._by_slot[worker.slot] = worker

    def remove(self, slot: int) -> Worker:
        """Removes a worker that has ended."""
        return self._by_slot.pop(slot)

    def streams(self) -> dict[int, int]:
        """Returns how many streams the worker of each slot has."""
        return {slot: worker.streams for slot, worker in list(self._by_slot.items())}

    @contextlib.contextmanager
    def stream(self) -> Iterator[Worker]:
        """Yields the worker with the fewest open streams, and counts one more.

        Raises:
            StreamError: WORKER_LOST.
        """
        worker = self._choose(lambda it: it.streams)
        worker.streams += 1
        try:
            yield worker
        finally:
            worker.streams -= 1

    @contextlib.contextmanager
    def call(self, but: Worker | None = None) -> Iterator[Worker]:
        """Yields the worker with the fewest open streams and calls but one, and counts one more.

        Raises:
            StreamError: WORKER_LOST.
        """
        worker = self._choose(lambda it: it.streams + it.calls, but)
        worker.calls += 1
        try:
            yield worker
        finally:
            worker.calls -= 1

    def _choose(self, load: Callable[[Worker], int], but: Worker | None = None) -> Worker:
        """Returns the least loaded worker that stays; among equals the next one in turn."""
        serving = [worker for worker in self._by_slot.values() if worker is not but]
        if not serving:
            raise lost_error("no worker process serves now; retry with back-off")
        last, size = self._last_chosen, max(self._by_slot) + 1

        def order(it: Worker) -> tuple[bool, int, int]:
            return it.is_leaving, load(it), (it.slot - last - 1) % size

        worker = min(serving, key=order)
        self._last_chosen = worker.slot
        return worker


def lost_error(text: str) -> StreamError:
    """Returns the error of a call whose worker has ended."""
    return StreamError(ErrorReason.WORKER_LOST, text)
