"""Overhead of serving a frame, rate of several clients, and latency of health checks."""

import asyncio
import random
import statistics
import time
from pathlib import Path

from posewire import AsyncClient

from posewire_server.frame import EncodedImage
from posewire_server.inference.engine.engine_config import EngineConfig
from posewire_server.inference.engine.self_check import check_engines
from posewire_server.inference.pipeline import Pipeline
from posewire_server.models.catalog.catalog import BODY
from posewire_server.models.weights.model_cache import ModelCache
from posewire_server.serving.server_process import ServerProcess
from posewire_server.tools.benchmarks.figure import Figure
from posewire_server.tools.benchmarks.load import (
    Image,
    Ping,
    closed_loop,
    jpeg,
    per_second,
    picture,
    pinging,
    run_async,
    with_client,
)
from posewire_server.tools.benchmarks.noop import noop_pipeline

_CLIENTS = 4
NOOP = ("posewire_server.tools.benchmarks.noop",)


def measure(cache: Path) -> list[Figure]:
    """Returns the figures of serving."""
    figures = measure_overhead(frames=1500)
    pipeline = Pipeline.load(ModelCache(cache, check_engines).pull(BODY), EngineConfig())
    with ServerProcess(["--cache", str(cache)]) as server:
        figures.append(measure_rate(server.address, pipeline, turns=7, seconds=3.0))
        figures.append(run_async(measure_health(server.address, calls=1000)))
    return figures


def measure_overhead(frames: int) -> list[Figure]:
    """Compares a server without a network with the same pipeline in process, frame by frame."""
    image = picture()
    with ServerProcess(command=NOOP) as server:
        return [
            run_async(_overhead(server.address, name, source, frames))
            for name, source in (("JPEG", jpeg(image)), ("raw", image))
        ]


async def _overhead(address: str, name: str, source: bytes | Image, frames: int) -> Figure:
    async with AsyncClient(address) as client, pinging(client, source) as served:
        served_s, in_process_s = await medians_s((served, in_process(source)), frames)
    title = f"server: overhead over in process, 640x480 {name}, p50"
    return Figure(title, 1e3 * (served_s - in_process_s), "ms", "", frames)


async def medians_s(ways: tuple[Ping, ...], frames: int) -> list[float]:
    """Runs the ways in another order for each frame, so caches favour none of them."""
    rng = random.Random(0)  # noqa: S311
    taken_s: dict[Ping, list[float]] = {way: [] for way in ways}
    for _ in range(frames):
        for way in rng.sample(ways, len(ways)):
            taken_s[way].append(await way())
    return [statistics.median(times_s) for times_s in taken_s.values()]


def in_process(source: bytes | Image) -> Ping:
    """Returns the same work without a server."""
    pipeline = noop_pipeline()
    frame = EncodedImage(source) if isinstance(source, bytes) else source

    async def ping() -> float:
        begin_s = time.perf_counter()
        pipeline.detect(frame)
        return time.perf_counter() - begin_s

    return ping


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
    begin_s = time.perf_counter()
    loops = (
        closed_loop(client, source, lambda: time.perf_counter() - begin_s > seconds)
        for _ in range(_CLIENTS)
    )
    answers = await asyncio.gather(*loops)
    return sum(map(len, answers)) / (time.perf_counter() - begin_s)


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
