"""What serving does to the rate of a network, and a busy network to other calls."""

import asyncio
import statistics
import time
from pathlib import Path

from posewire import AsyncClient

from posewire_server.bench.figure import Figure
from posewire_server.bench.load import (
    closed_loop,
    jpeg,
    per_second,
    picture,
    run_async,
    with_client,
)
from posewire_server.bench.overhead import measure_overhead
from posewire_server.frame import EncodedImage
from posewire_server.inference.engine.networks import EngineConfig
from posewire_server.inference.engine.self_check import check_engines
from posewire_server.inference.pipeline import Pipeline
from posewire_server.models.catalog.catalog import BODY
from posewire_server.models.weights.model_cache import ModelCache
from posewire_server.serving.server_process import ServerProcess

_CLIENTS = 4


def measure(cache: Path) -> list[Figure]:
    """Returns the figures of serving; loads and starts what it needs."""
    figures = measure_overhead(frames=1500)
    pipeline = Pipeline.load(ModelCache(cache, check_engines).pull(BODY), EngineConfig())
    with ServerProcess(["--cache", str(cache)]) as server:
        figures.append(measure_rate(server.address, pipeline, turns=7, seconds=3.0))
        figures.append(run_async(measure_health(server.address, calls=1000)))
    return figures


def measure_rate(address: str, pipeline: Pipeline, turns: int, seconds: float) -> Figure:
    """Compares the rate of 4 clients with that of the pipeline in process, turn by turn."""
    source = jpeg(picture())
    ratios = []
    for _ in range(turns):
        pipeline.detect(EncodedImage(source))
        local = per_second(lambda: pipeline.detect(EncodedImage(source)), seconds)
        served = run_async(with_client(address, lambda c: _many(c, source, seconds)))
        ratios.append(served / local)
    title = f"server: rate of {_CLIENTS} clients over the rate in process, body"
    return Figure(title, statistics.median(ratios), "x", ">= 0.95", len(ratios))


async def _many(client: AsyncClient, source: bytes, seconds: float) -> float:
    begin = time.perf_counter()

    def over() -> bool:
        return time.perf_counter() - begin > seconds

    answers = await asyncio.gather(*(closed_loop(client, source, over) for _ in range(_CLIENTS)))
    return sum(map(len, answers)) / (time.perf_counter() - begin)


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
