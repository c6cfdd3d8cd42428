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

_CLIENTS = 4
_NOOP = ("posewire_server.bench.noop",)
_TARGETS = {"JPEG": "<= 0.6", "raw": "<= 0.9"}


def measure(cache: Path) -> list[Figure]:
    """Returns the figures of serving; loads and starts what it needs."""
    figures = measure_overhead(blocks=20, frames=50)
    pipeline = Pipeline.load(Store(cache).pull(BODY), EngineConfig())
    with ServerProcess(["--cache", str(cache)]) as server:
        figures.append(measure_rate(server.address, pipeline, turns=7, seconds=3.0))
        figures.append(run_async(measure_health(server.address, calls=1000)))
    return figures


def run_async(work: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine on the kind of event loop that the server uses."""
    with asyncio.Runner(loop_factory=event_loop_factory()) as runner:
        return runner.run(work)


def measure_overhead(blocks: int, frames: int) -> list[Figure]:
    """Compares a server without a network with the same pipeline in process, block by block."""
    image = picture()
    with ServerProcess(command=_NOOP) as server:
        return [
            _overhead(server.address, name, source, blocks, frames)
            for name, source in (("JPEG", jpeg(image)), ("raw", image))
        ]


def _overhead(address: str, name: str, source: bytes | Image, blocks: int, frames: int) -> Figure:
    pipeline = noop_pipeline()
    local = EncodedImage(source) if isinstance(source, bytes) else source
    served_s: list[float] = []
    in_process_s: list[float] = []
    for _ in range(blocks):
        served_s += run_async(_with_client(address, lambda c: ping_pong(c, source, frames)))
        in_process_s += [_seconds(lambda: pipeline.detect(local)) for _ in range(frames)]
    overhead_ms = 1e3 * (statistics.median(served_s) - statistics.median(in_process_s))
    title = f"server: overhead over in process, 640x480 {name}, p50"
    return Figure(title, overhead_ms, "ms", _TARGETS[name], len(served_s))


async def _with_client(address: str, work: Callable[[AsyncClient], Coroutine[Any, Any, T]]) -> T:
    async with AsyncClient(address) as client:
        return await work(client)


def _seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def measure_rate(address: str, pipeline: Pipeline, turns: int, seconds: float) -> Figure:
    """Compares the rate of 4 clients with that of the pipeline in process, turn by turn."""
    source = jpeg(picture())
    ratios = []
    for _ in range(turns):
        local = _frames_per_s(lambda: pipeline.detect(EncodedImage(source)), seconds)
        served = run_async(_with_client(address, lambda c: _many(c, source, seconds)))
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


async def measure_health(address: str, calls: int) -> Figure:
    """Asks for the health every 10 ms while a stream keeps the network busy."""
    waits_s: list[float] = []
    async with AsyncClient(address) as client, AsyncClient(address) as other:
        busy = asyncio.create_task(
            closed_loop(client, jpeg(picture()), lambda: len(waits_s) == calls)
        )
        while len(waits_s) < calls:
            begin = time.perf_counter()
            await other.health()
            waits_s.append(time.perf_counter() - begin)
            await asyncio.sleep(max(0.0, 0.01 - waits_s[-1]))
        await busy
    p99_ms = 1e3 * statistics.quantiles(waits_s, n=100)[98]
    return Figure("server: health check beside body frames, p99", p99_ms, "ms", "<= 8", calls)
