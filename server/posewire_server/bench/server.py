"""What serving costs beside the same pipeline in process: overhead, rate, and other calls' wait."""

import asyncio
import statistics
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from posewire import AsyncClient

from posewire_server.bench.figure import Figure
from posewire_server.bench.load import Image, closed_loop, jpeg, picture, ping_pong
from posewire_server.bench.noop import noop_pipeline
from posewire_server.commands.serve import event_loop_factory
from posewire_server.frame import EncodedImage
from posewire_server.models.catalog import BODY
from posewire_server.models.store import Store
from posewire_server.pipeline import EngineConfig, Pipeline
from posewire_server.rpc.process import ServerProcess

T = TypeVar("T")

_BLOCKS = 10
_FRAMES = 60
_CLIENTS = 4
_NOOP = ("posewire_server.bench.noop",)


def measure(cache: Path) -> list[Figure]:
    """Returns the figures of serving; loads and starts what it needs."""
    figures = []
    with ServerProcess(command=_NOOP) as server:
        for name, source, bound in (("JPEG", jpeg(picture()), 0.6), ("raw", picture(), 0.9)):
            figures.append(_overhead(server.address, name, source, f"<= {bound}"))
    pipeline = Pipeline.load(Store(cache).pull(BODY, lambda *_: None), EngineConfig())
    with ServerProcess(["--cache", str(cache)]) as server:
        figures.append(_rate(server.address, pipeline))
        figures.append(run_async(_trivial_wait(server.address)))
    return figures


def run_async(work: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine on the kind of event loop that the server uses."""
    with asyncio.Runner(loop_factory=event_loop_factory()) as runner:
        return runner.run(work)


def _overhead(address: str, name: str, source: bytes | Image, target: str) -> Figure:
    pipeline = noop_pipeline()
    local = EncodedImage(source) if isinstance(source, bytes) else source
    served: list[float] = []
    in_process: list[float] = []
    for _ in range(_BLOCKS):
        served += run_async(_with_client(address, lambda c: ping_pong(c, source, _FRAMES)))
        in_process += [_seconds(lambda: pipeline.detect(local)) for _ in range(_FRAMES)]
    overhead_ms = 1e3 * (statistics.median(served) - statistics.median(in_process))
    title = f"server: overhead over in process, 640x480 {name}, p50"
    return Figure(title, overhead_ms, "ms", target, len(served))


async def _with_client(address: str, work: Callable[[AsyncClient], Coroutine[Any, Any, T]]) -> T:
    async with AsyncClient(address) as client:
        return await work(client)


def _seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def _rate(address: str, pipeline: Pipeline) -> Figure:
    """Compares 4 clients with the pipeline in process, in turns of 3 s."""
    source = jpeg(picture())
    ratios = []
    for _ in range(_BLOCKS // 2):
        local = _frames_per_s(lambda: pipeline.detect(EncodedImage(source)), 3.0)
        served = run_async(_with_client(address, lambda c: _many(c, source, 3.0)))
        ratios.append(served / local)
    title = f"server: rate of {_CLIENTS} clients over the rate in process, body"
    return Figure(title, statistics.median(ratios), "x", ">= 0.95", len(ratios))


def _frames_per_s(work: Callable[[], object], seconds: float) -> float:
    work()
    begin = time.perf_counter()
    count = 0
    while time.perf_counter() - begin < seconds:
        work()
        count += 1
    return count / (time.perf_counter() - begin)


async def _many(client: AsyncClient, source: bytes, seconds: float) -> float:
    begin = time.perf_counter()

    def over() -> bool:
        return time.perf_counter() - begin > seconds

    answers = await asyncio.gather(*(closed_loop(client, source, over) for _ in range(_CLIENTS)))
    return sum(answers) / (time.perf_counter() - begin)


async def _trivial_wait(address: str) -> Figure:
    """Asks for the health every 10 ms while a stream keeps the network busy."""
    waits_ms: list[float] = []
    async with AsyncClient(address) as client, AsyncClient(address) as other:
        busy = asyncio.create_task(
            closed_loop(client, jpeg(picture()), lambda: len(waits_ms) == 1000)
        )
        while len(waits_ms) < 1000:
            begin = time.perf_counter()
            await other.health()
            wait_s = time.perf_counter() - begin
            waits_ms.append(1e3 * wait_s)
            await asyncio.sleep(max(0.0, 0.01 - wait_s))
        await busy
    p99 = statistics.quantiles(waits_ms, n=100)[98]
    return Figure("server: health check beside body frames, p99", p99, "ms", "<= 8", len(waits_ms))
