"""What serves on an event loop in a thread of the test's process."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, Self, TypeVar

import grpc
from posewire.channel import channel_options
from posewire.v1.keypoint_service_pb2_grpc import KeypointServiceStub

from tests.serving.gated_predictor import PATIENCE_S

T = TypeVar("T")


class Hosted:
    """Serves on a free port in the ``with`` block, and is drained at its end.

    Args:
        name: Of the thread.

    Attributes:
        address: Where it listens.
        stub: Of a channel to it.
    """

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name)

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            self.address = self.submit(self._start()).result(PATIENCE_S)
        except BaseException:
            self._end()
            raise
        self._channel = grpc.insecure_channel(self.address, options=channel_options())
        self.stub = KeypointServiceStub(self._channel)
        return self

    def __exit__(self, *_: object) -> None:
        self._channel.close()
        try:
            self.submit(self._drain()).result(PATIENCE_S)
        finally:
            self._end()

    def submit(self, work: Coroutine[Any, Any, T]) -> "Future[T]":
        """Runs a coroutine on the event loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Returns when a condition holds; it is looked at on the event loop."""
        self.submit(_until(condition)).result(PATIENCE_S)

    async def _start(self) -> str:
        """Starts to serve; returns the address."""
        raise NotImplementedError

    async def _drain(self) -> None:
        raise NotImplementedError

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_S)
        self._loop.close()


async def _until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.001)
