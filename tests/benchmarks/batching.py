"""Many streams on one network: its rate, its latency, its priorities and its fairness."""

import asyncio
import statistics
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, Unpack

import numpy as np
import numpy.typing as npt
from posewire import AsyncClient, Frame, Priority, Result, StreamOptions
from posewire_server.frame import EncodedImage
from posewire_server.inference.engine.engine_config import EngineConfig
from posewire_server.inference.engine.network import Network
from posewire_server.inference.engine.predictor import PaddlePredictor, Predictor
from posewire_server.inference.engine.self_check import check_engines
from posewire_server.inference.estimators.part_affinity import PafEstimator
from posewire_server.inference.pipeline import Pipeline
from posewire_server.inference.preprocess.transform import fit, prepare
from posewire_server.inference.scheduling.frame_context import FrameContext
from posewire_server.models.catalog.catalog import BODY
from posewire_server.models.catalog.spec import NetworkSpec
from posewire_server.models.weights.model_cache import ModelCache
from posewire_server.serving.server_process import ServerProcess
from posewire_server.tools.benchmarks.figure import Figure
from posewire_server.tools.benchmarks.load import (
    camera,
    closed_loop,
    jpeg,
    per_second,
    picture,
    ping_pong,
    run_async,
)

from tests.benchmarks import small
from tests.benchmarks.small import SIDE, small_model

STREAMS: Final = 8
_CAMERA_FPS: Final = 5.0
_SMALL: Final = f"body at {SIDE}x{SIDE}"
Array = npt.NDArray[np.float32]


def measure(cache: Path) -> list[Figure]:
    """Returns the figures of many streams; loads and starts what it needs."""
    (stored,) = ModelCache(cache, check_engines).pull(BODY).networks
    predictor = PaddlePredictor(stored)
    figures = [measure_alone(cache, frames=300)]
    with ServerProcess(["--cache", str(cache)]) as server:
        figures.append(measure_rate(server.address, predictor, turns=5, seconds=6.0))
        figures += run_async(measure_priority(server.address, frames=200))
    with ServerProcess([str(cache)], command=(small.__name__,)) as server:
        figures.append(run_async(measure_fairness(server.address, seconds=20.0)))
    return figures


def measure_rate(address: str, predictor: Predictor, turns: int, seconds: float) -> Figure:
    """Compares the rate of answers to 8 streams with the predictor's own, turn by turn."""
    source = jpeg(picture())
    spec = BODY.networks[0].input
    inputs = prepare(picture(), fit((640, 480), spec), spec)
    predictor.run(inputs)
    ratios = []
    for _ in range(turns):
        own = per_second(lambda: predictor.run(inputs), seconds)
        served = run_async(_answers_per_s(address, source, seconds))
        ratios.append(served / own)
    title = f"batching: rate of {STREAMS} closed-loop streams over the predictor's own, body"
    return Figure(title, statistics.median(ratios), "x", ">= 0.95", len(ratios))


async def _answers_per_s(address: str, source: bytes, seconds: float) -> float:
    """Returns the rate from the first answer on, as long as all streams send."""
    end_s = time.perf_counter() + seconds
    async with AsyncClient(address) as client:

        def over() -> bool:
            return time.perf_counter() > end_s

        streams = [closed_loop(client, source, over) for _ in range(STREAMS)]
        answers = await asyncio.gather(*streams)
    times_s = sorted(time_s for stream in answers for time_s in stream if time_s <= end_s)
    return (len(times_s) - 1) / (times_s[-1] - times_s[0])


def measure_alone(cache: Path, frames: int) -> Figure:
    """Compares a stream of single frames with and without what joins frames, frame by frame."""
    stored = small_model(cache)
    (network,) = stored.networks
    predictor = PaddlePredictor(network)
    joined = Network(network.spec, predictor, batch_wait_s=1.0)
    pipelines = [
        Pipeline(
            stored.spec, "", PafEstimator(stored.spec, used), EngineConfig(), networks=announced
        )
        for used, announced in (
            (joined, (joined,)),
            (_Locked(network.spec, predictor), ()),
        )
    ]
    source = EncodedImage(jpeg(picture(SIDE, SIDE)))
    taken_s: list[list[float]] = [[], []]
    for _ in range(frames):
        for pipeline, times_s in zip(pipelines, taken_s, strict=True):
            begin_s = time.perf_counter()
            pipeline.detect(source)
            times_s.append(time.perf_counter() - begin_s)
    ratio = statistics.median(taken_s[0]) / statistics.median(taken_s[1])
    title = f"batching: one stream's p50 over that behind a plain lock, {_SMALL}"
    return Figure(title, ratio, "x", "<= 1.02", frames)


class _Locked(Network):
    """A network that threads take turns at, and that is all."""

    def __init__(self, spec: NetworkSpec, predictor: Predictor) -> None:
        super().__init__(spec, predictor)
        self._turn = threading.Lock()
        self.run = self._run_locked

    def _run_locked(self, inputs: Array, context: FrameContext) -> list[Array]:
        asked_s = time.perf_counter()
        with self._turn:
            context.check("infer")
            begin_s = time.perf_counter()
            outputs = self._predictor.run(inputs)
            done_s = time.perf_counter()
        context.book("wait", begin_s - asked_s)
        context.book("infer", done_s - begin_s)
        return outputs


async def measure_priority(address: str, frames: int, turns: int = 4) -> list[Figure]:
    """Compares a camera of high priority alone with one beside 7 busy streams, turn by turn."""
    source = jpeg(picture())
    alone_s: list[float] = []
    beside_s: list[float] = []
    async with AsyncClient(address) as client, AsyncClient(address) as other:
        interval_s = 4 * statistics.median(await ping_pong(client, source, 20))

        async def taken_s(count: int) -> list[float]:
            return await _paced(client, source, interval_s, count, priority=Priority.HIGH)

        for _ in range(turns):
            alone_s += await taken_s(frames // turns // 2)
            async with _busy(other, source):
                beside_s += await taken_s(frames // turns)
    p50_s = statistics.median(alone_s)
    p50 = statistics.median(beside_s) / p50_s
    alone = "batching: frames of high priority alone over their p50, body, p99"
    beside = (
        f"batching: a camera of high priority beside {STREAMS - 1} busy streams over its p50 alone"
    )
    return [
        Figure(alone, _p99(alone_s) / p50_s, "x", "", len(alone_s)),
        Figure(f"{beside}, body, p99", _p99(beside_s) / p50_s, "x", "<= 3", len(beside_s)),
        Figure(f"{beside}, body, p50", p50, "x", "", len(beside_s)),
    ]


async def _paced(
    client: AsyncClient,
    source: bytes,
    interval_s: float,
    count: int,
    **options: Unpack[StreamOptions],
) -> list[float]:
    """Sends frames at a fixed interval.

    Returns:
        Seconds from having a frame until having its poses, for each frame.
    """
    sent_s: list[float] = []
    taken_s: list[float] = []

    async def frames() -> AsyncIterator[Frame]:
        begin_s = time.perf_counter()
        for number in range(count):
            at_s = begin_s + interval_s * (number + 1)
            await asyncio.sleep(max(0.0, at_s - time.perf_counter()))
            sent_s.append(time.perf_counter())
            yield Frame(source, sequence_id=number)

    async for outcome in client.detect(frames(), **options):
        assert isinstance(outcome, Result), outcome
        taken_s.append(time.perf_counter() - sent_s[outcome.sequence_id])
    return taken_s


@asynccontextmanager
async def _busy(client: AsyncClient, source: bytes) -> AsyncIterator[None]:
    """Keeps 7 streams busy for a ``with`` block."""
    over = asyncio.Event()
    streams = [
        asyncio.create_task(closed_loop(client, source, over.is_set)) for _ in range(STREAMS - 1)
    ]
    yield
    over.set()
    await asyncio.gather(*streams)


def _p99(taken_s: list[float]) -> float:
    return statistics.quantiles(taken_s, n=100)[98]


async def measure_fairness(address: str, seconds: float) -> Figure:
    """Has 7 cameras beside a stream that sends all it can; returns the least share answered."""
    source = jpeg(picture(SIDE, SIDE))
    async with AsyncClient(address) as client, AsyncClient(address) as other:
        over = asyncio.Event()
        greedy = asyncio.create_task(closed_loop(other, source, over.is_set, max_in_flight=16))
        cameras = [_share_kept(client, source, seconds) for _ in range(STREAMS - 1)]
        shares = await asyncio.gather(*cameras)
        over.set()
        await greedy
    title = f"batching: rate that {STREAMS - 1} streams of 5 fps keep beside a greedy one, {_SMALL}"
    return Figure(title, min(shares), "x", ">= 0.97", len(shares))


async def _share_kept(client: AsyncClient, source: bytes, seconds: float) -> float:
    """Returns the rate of answers over that of the camera; its frames wait where they must."""
    answered_s: list[float] = []
    async for outcome in client.detect(camera(source, 1 / _CAMERA_FPS, seconds)):
        assert isinstance(outcome, Result), outcome
        answered_s.append(time.perf_counter())
    return (len(answered_s) - 1) / (answered_s[-1] - answered_s[0]) / _CAMERA_FPS
