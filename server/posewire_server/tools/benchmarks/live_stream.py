"""Live source at twice the rate of the server: age of the results, and outcomes of all frames."""

import statistics
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from posewire import AsyncClient, Dropped, DropReason, Frame, Lost, Outcome, OverflowPolicy, Result

from posewire_server.serving.server_process import ServerProcess
from posewire_server.tools.benchmarks.figure import Figure
from posewire_server.tools.benchmarks.load import camera, jpeg, picture, ping_pong, run_async


def measure(cache: Path, seconds: float = 30.0) -> list[Figure]:
    """Returns the figures of a live stream that sends every frame, and of one that is paced."""
    with ServerProcess(["--cache", str(cache)]) as server:
        return run_async(_measure(server.address, seconds))


@dataclass
class _Watch:
    """Outcomes of the frames of one stream."""

    sent_s: dict[int, float] = field(default_factory=dict)
    ages_s: list[float] = field(default_factory=list)
    busy_s: list[float] = field(default_factory=list)
    outcomes: int = 0
    kept_back: int = 0

    def note(self, outcome: Outcome) -> None:
        if isinstance(outcome, Result):
            self.ages_s.append(time.perf_counter() - self.sent_s[outcome.sequence_id])
            timings = outcome.timings
            self.busy_s.append(timings.decode_s + timings.infer_s + timings.post_s)
        if isinstance(outcome, Dropped) and outcome.reason is DropReason.NOT_SENT:
            self.kept_back += outcome.count
        self.outcomes += outcome.count if isinstance(outcome, Dropped | Lost) else 1


async def _measure(address: str, seconds: float) -> list[Figure]:
    async with AsyncClient(address) as client:
        service_s = statistics.median(await ping_pong(client, jpeg(picture()), 50))
        whole = await _watch(client, service_s / 2, seconds, paced=False)
        paced = await _watch(client, service_s / 2, seconds, paced=True)
    frames = len(paced.sent_s)
    title, share = "live, paced: share of the frames that is sent", 1 - paced.kept_back / frames
    return [
        *_figures("live", whole, seconds),
        *_figures("live, paced", paced, seconds),
        Figure(title, share, "x", "<= 0.6", frames),
    ]


async def _watch(client: AsyncClient, interval_s: float, seconds: float, *, paced: bool) -> _Watch:
    watch, source = _Watch(), jpeg(picture())

    async def frames() -> AsyncIterator[Frame]:
        async for frame in camera(source, interval_s, seconds):
            assert frame.sequence_id is not None
            watch.sent_s[frame.sequence_id] = time.perf_counter()
            yield frame

    policy = OverflowPolicy.DROP_OLDEST
    async for outcome in client.detect(frames(), overflow_policy=policy, paced=paced):
        watch.note(outcome)
    return watch


def _figures(title: str, watch: _Watch, seconds: float) -> list[Figure]:
    """Compares ages with the service time in the same seconds, so other load affects both."""
    service_s = statistics.median(watch.busy_s)
    ages = [age_s / service_s for age_s in watch.ages_s]
    p99 = statistics.quantiles(ages, n=100)[98]
    runs = len(ages)
    age = f"{title}: age of an answer in service times"
    busy = sum(watch.busy_s) / seconds
    accounted = watch.outcomes / len(watch.sent_s)
    return [
        Figure(f"{age}, p99", p99, "x", "<= 2", runs),
        Figure(f"{age}, oldest", max(ages), "x", "", runs),
        Figure(f"{title}: share of the time the pipeline works", busy, "x", ">= 0.95", 1),
        Figure(f"{title}: outcomes over frames", accounted, "x", ">= 1", 1),
    ]
