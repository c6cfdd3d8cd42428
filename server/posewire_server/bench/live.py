"""A live source twice as fast as the server: are answers fresh, is every frame accounted for?"""

import statistics
import time
from collections.abc import AsyncIterator
from pathlib import Path

from posewire import AsyncClient, Dropped, Frame, OverflowPolicy, Result

from posewire_server.bench.figure import Figure
from posewire_server.bench.load import camera, jpeg, picture, ping_pong
from posewire_server.bench.server import run_async
from posewire_server.rpc.process import ServerProcess

_SECONDS = 30.0


def measure(cache: Path) -> list[Figure]:
    """Returns the figures of a live stream of 30 s."""
    with ServerProcess(["--cache", str(cache)]) as server:
        return run_async(_measure(server.address))


async def _measure(address: str) -> list[Figure]:
    source = jpeg(picture())
    sent_s: dict[int, float] = {}
    ages_s: list[float] = []
    outcomes = 0

    async def frames(service_s: float) -> AsyncIterator[Frame]:
        async for frame in camera(source, service_s / 2, _SECONDS):
            assert frame.sequence_id is not None
            sent_s[frame.sequence_id] = time.perf_counter()
            yield frame

    async with AsyncClient(address) as client:
        service_s = statistics.median(await ping_pong(client, source, 100))
        policy = OverflowPolicy.DROP_OLDEST
        async for outcome in client.detect(frames(service_s), overflow_policy=policy):
            if isinstance(outcome, Result):
                ages_s.append(time.perf_counter() - sent_s[outcome.sequence_id])
            outcomes += outcome.count if isinstance(outcome, Dropped) else 1
    possible = _SECONDS / service_s
    runs = len(ages_s)
    age = [age_s / service_s for age_s in ages_s]
    p99 = statistics.quantiles(age, n=100)[98]
    return [
        Figure("live: age of the newest answer, p99, in service times", p99, "x", "<= 2", runs),
        Figure("live: age of the newest answer, oldest, in service times", max(age), "x", "", runs),
        Figure("live: answers over what one client can get", runs / possible, "x", ">= 0.95", runs),
        Figure("live: outcomes over frames", outcomes / len(sent_s), "x", ">= 1", len(sent_s)),
    ]
