"""What several processes behind one address give, and what the front between costs."""

import asyncio
import os
import re
import signal
import statistics
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from functools import partial
from urllib.request import urlopen

import psutil
from posewire import AsyncClient, Frame
from posewire_server.serving.server_process import ServerProcess
from posewire_server.tools.benchmarks.figure import Figure
from posewire_server.tools.benchmarks.load import (
    Image,
    closed_loop,
    jpeg,
    picture,
    ping_pong,
    run_async,
    with_client,
)

_WORKERS = 2
_STREAMS = 8
_GLANCE_S = 0.005
_ALONE = partial(ServerProcess, command=("posewire_server.tools.benchmarks.noop",))
_FRONT = partial(ServerProcess, (str(_WORKERS), "127.0.0.1:0"), command=("tests.benchmarks.front",))
_BY_WORKER = re.compile(r'^posewire_worker_(\w+)\{worker="\d+"\} (\S+)$', re.MULTILINE)


def measure(blocks: int = 20, frames: int = 50, turns: int = 7, kills: int = 4) -> list[Figure]:
    """Returns the figures of two workers around a network that does nothing.

    Args:
        blocks: How often front and single process change places for the latency.
        frames: In each of these blocks.
        turns: How often they change places for the rate, 2 s each.
        kills: How many workers are killed; more than two a worker would be replaced later.
    """
    image = picture()
    sources: dict[str, bytes | Image] = {"JPEG": jpeg(image), "raw": image}
    with _ALONE() as alone, _FRONT() as front:
        return [
            *(_latency(alone, front, name, sources[name], blocks, frames) for name in sources),
            *(_rate(alone, front, name, sources[name], turns) for name in sources),
            _spread(front, connections=1),
            _spread(front, connections=_STREAMS),
            _replacement(front, kills),
        ]


def _latency(
    alone: ServerProcess,
    front: ServerProcess,
    name: str,
    source: bytes | Image,
    blocks: int,
    frames: int,
) -> Figure:
    taken_s: dict[str, list[float]] = {alone.address: [], front.address: []}
    for _ in range(blocks):
        for address, found_s in taken_s.items():
            found_s += run_async(with_client(address, lambda c: ping_pong(c, source, frames)))
    added_s = statistics.median(taken_s[front.address]) - statistics.median(taken_s[alone.address])
    title = f"workers: added by the front, 640x480 {name}, p50"
    return Figure(title, 1e3 * added_s, "ms", "", blocks * frames)


def _rate(
    alone: ServerProcess, front: ServerProcess, name: str, source: bytes | Image, turns: int
) -> Figure:
    ratios = []
    for _ in range(turns):
        single = run_async(_frames_per_s(alone.address, source))
        ratios.append(run_async(_frames_per_s(front.address, source)) / single)
    title = f"workers: rate of {_WORKERS} over that of one process, {_STREAMS} streams, {name}"
    return Figure(title, statistics.median(ratios), "x", "", turns)


async def _frames_per_s(address: str, source: bytes | Image, seconds: float = 2.0) -> float:
    async with AsyncClient(address) as client:
        begin = time.perf_counter()

        def over() -> bool:
            return time.perf_counter() - begin > seconds

        loops = (closed_loop(client, source, over) for _ in range(_STREAMS))
        answers = sum(len(answered_s) for answered_s in await asyncio.gather(*loops))
        return answers / (time.perf_counter() - begin)


def _spread(front: ServerProcess, connections: int) -> Figure:
    counts = run_async(_streams_by_worker(front, connections))
    title = f"workers: {_STREAMS} streams, {connections} connections, most less fewest of a worker"
    return Figure(title, max(counts) - min(counts), "", "<= 0", 1)


async def _streams_by_worker(front: ServerProcess, connections: int) -> list[float]:
    """Opens streams and returns how many each worker has."""
    opened = asyncio.Semaphore(0)
    counted = asyncio.Event()

    async def frames() -> AsyncIterator[Frame]:
        yield Frame(jpeg(picture(64, 64)))
        await counted.wait()

    async def hold(client: AsyncClient) -> None:
        async for _ in client.detect(frames()):
            opened.release()

    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(AsyncClient(front.address)) for _ in range(connections)
        ]
        streams = [
            asyncio.create_task(hold(clients[number % connections])) for number in range(_STREAMS)
        ]
        for _ in streams:
            await opened.acquire()
        counts = _by_worker(front)["streams"]
        counted.set()
        await asyncio.gather(*streams)
    return counts


def _replacement(front: ServerProcess, kills: int) -> Figure:
    """Measures from the end of a worker until the next one serves."""
    taken_s = []
    for number in range(1, kills + 1):
        workers = psutil.Process(front.process.pid).children()
        worker = min(workers, key=psutil.Process.create_time)
        begin = time.perf_counter()
        os.kill(worker.pid, signal.SIGKILL)
        while not _is_replaced(_by_worker(front), number):
            time.sleep(_GLANCE_S)
        taken_s.append(time.perf_counter() - begin)
    title = "workers: until the place of a killed worker serves again, without a network"
    return Figure(title, statistics.median(taken_s), "s", "", kills)


def _is_replaced(by_worker: Mapping[str, list[float]], restarts: int) -> bool:
    return len(by_worker["streams"]) == _WORKERS and sum(by_worker["restarts_total"]) == restarts


def _by_worker(front: ServerProcess) -> dict[str, list[float]]:
    """Returns the metrics of workers, one number for each worker that serves."""
    found: dict[str, list[float]] = {}
    with urlopen(front.metrics_url) as page:
        for name, value in _BY_WORKER.findall(page.read().decode()):
            found.setdefault(name, []).append(float(value))
    return found
