"""Clients that put a load on a server, and the pictures they send."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import aclosing, asynccontextmanager
from typing import Any, TypeAlias, TypeVar

import cv2
import numpy as np
import numpy.typing as npt
from posewire import AsyncClient, Frame, Result

from posewire_server.runtime import event_loop_factory

T = TypeVar("T")
Image = npt.NDArray[np.uint8]


def picture(width: int = 640, height: int = 480) -> Image:
    """Returns a (H, W, 3) uint8 picture with detail at several scales; always the same."""
    rng = np.random.default_rng(0)
    image = np.zeros((height, width, 3), np.float32)
    for cell in (8, 32, 128):
        noise = rng.uniform(0, 85, (height // cell + 1, width // cell + 1, 3)).astype(np.float32)
        image += cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(image, 0, 255).astype(np.uint8)


def jpeg(image: Image) -> bytes:
    """Returns the picture as a JPEG file of quality 90."""
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()


Ping: TypeAlias = Callable[[], Awaitable[float]]
"""Sends a frame, waits for its poses, and returns how many seconds that took."""


@asynccontextmanager
async def pinging(client: AsyncClient, source: bytes | Image) -> AsyncIterator[Ping]:
    """Opens a stream of single frames for a ``with`` block; the first one has been answered."""
    wanted = asyncio.Event()
    sent_s: list[float] = []

    async def frames() -> AsyncIterator[Frame]:
        while True:
            await wanted.wait()
            wanted.clear()
            sent_s.append(time.perf_counter())
            yield Frame(source)

    async with aclosing(client.detect(frames(), max_in_flight=1)) as outcomes:

        async def ping() -> float:
            wanted.set()
            outcome = await anext(outcomes)
            taken_s = time.perf_counter() - sent_s[-1]
            assert isinstance(outcome, Result), outcome
            return taken_s

        await ping()
        yield ping


async def ping_pong(client: AsyncClient, source: bytes | Image, count: int) -> list[float]:
    """Sends frames one after the other; returns the seconds from each frame to its poses."""
    async with pinging(client, source) as ping:
        return [await ping() for _ in range(count)]


async def closed_loop(
    client: AsyncClient,
    source: bytes | Image,
    until: Callable[[], bool],
    max_in_flight: int = 2,
) -> list[float]:
    """Keeps a stream busy until told to stop; returns when each answer came."""

    async def frames() -> AsyncIterator[Frame]:
        while not until():
            yield Frame(source)

    answered_s: list[float] = []
    async with aclosing(client.detect(frames(), max_in_flight=max_in_flight)) as outcomes:
        async for outcome in outcomes:
            assert isinstance(outcome, Result), outcome
            answered_s.append(time.perf_counter())
    return answered_s


async def camera(source: bytes, interval_s: float, seconds: float) -> AsyncIterator[Frame]:
    """Yields a frame at each tick of the clock, also if the last one was not answered."""
    begin_s = time.monotonic()
    for number in range(round(seconds / interval_s)):
        delay_s = begin_s + number * interval_s - time.monotonic()
        if delay_s > 0:
            await asyncio.sleep(delay_s)
        yield Frame(source, sequence_id=number)


def per_second(work: Callable[[], object], seconds: float) -> float:
    """Repeats work for some seconds; returns the rate per second."""
    begin_s = time.perf_counter()
    count = 0
    while time.perf_counter() - begin_s < seconds:
        work()
        count += 1
    return count / (time.perf_counter() - begin_s)


def run_async(work: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine on the kind of event loop that the server uses."""
    with asyncio.Runner(loop_factory=event_loop_factory()) as runner:
        return runner.run(work)


async def with_client(address: str, work: Callable[[AsyncClient], Coroutine[Any, Any, T]]) -> T:
    """Runs work with a client, which it closes."""
    async with AsyncClient(address) as client:
        return await work(client)
