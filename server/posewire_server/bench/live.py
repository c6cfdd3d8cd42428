"""A live source twice as fast as the server: are answers fresh, is every frame accounted for?"""

import statistics
import time
from collections.abc import AsyncIterator
from pathlib import Path

from posewire import AsyncClient, Dropped, Frame, OverflowPolicy, Result

from posewire_server.bench.figure import Figure
from posewire_server.bench.load import camera, jpeg, picture, ping_pong, run_async
from posewire_server.rpc.process import ServerProcess


def measure(cache: Path, seconds: float = 30.0) -> list[Figure]:
    """Returns the figures of one live stream."""
    with ServerProcess(["--cache", str(cache)]) as server:
        return run_async(_measure(server.address, seconds))


async def _measure(address: str, seconds: float) -> list[Figure]:
    source = jpeg(picture())
    sent_s: dict[int, float] = {}
    ages_s: list[float] = []
    busy_s: list[float] = []
    outcomes = 0

    async def frames(interval_s: float) -> AsyncIterator[Frame]:
        async for frame in camera(source, interval_s, seconds):
            assert frame.sequence_id is not None
            sent_s[frame.sequence_id] = time.perf_counter()
            yield frame

    async with AsyncClient(address) as client:
        service_s = statistics.median(await ping_pong(client, source, 50))
        policy = OverflowPolicy.DROP_OLDEST
        async for outcome in client.detect(frames(service_s / 2), overflow_policy=policy):
            if isinstance(outcome, Result):
                ages_s.append(time.perf_counter() - sent_s[outcome.sequence_id])
                timings = outcome.timings
                busy_s.append(timings.decode_s + timings.infer_s + timings.post_s)
            outcomes += outcome.count if isinstance(outcome, Dropped) else 1
    return _figures(ages_s, busy_s, seconds, outcomes / len(sent_s))


def _figures(
    ages_s: list[float], busy_s: list[float], seconds: float, accounted: float
) -> list[Figure]:
    """Compares ages with the service time of the same 30 s, so that other load meets both."""
    service_s = statistics.median(busy_s)
    ages = [age_s / service_s for age_s in ages_s]
    p99 = statistics.quantiles(ages, n=100)[98]
    runs = len(ages)
    title = "live: age of an answer in service times"
    return [
        Figure(f"{title}, p99", p99, "x", "<= 2", runs),
        Figure(f"{title}, oldest", max(ages), "x", "", runs),
        Figure(
            "live: share of the time the pipeline works", sum(busy_s) / seconds, "x", ">= 0.95", 1
        ),
        Figure("live: outcomes over frames", accounted, "x", ">= 1", 1),
    ]
