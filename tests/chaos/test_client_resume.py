"""A server is drained or killed in the middle of streams: they go on at another one, none short."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from posewire import (
    AsyncClient,
    Client,
    Dropped,
    DropReason,
    Lost,
    Outcome,
    OverflowPolicy,
    Reconnect,
    Result,
)
from posewire_server.serving.server_process import ServerProcess

from tests.serving.gated_predictor import PATIENCE_S
from tests.serving.hosted_server import HostedServer
from tests.serving.raw_stream import JPEG, RawStream

FRAMES = 60
NOOP = ("posewire_server.tools.benchmarks.noop",)
QUICK = Reconnect(initial_s=0.01, max_s=0.1)
BLOCK, DROP_OLDEST, _ = OverflowPolicy


class Source:
    """The frames of one stream: after half of them it waits for what is to happen."""

    def __init__(self) -> None:
        self.is_half = threading.Event()
        self.has_happened = threading.Event()

    def __iter__(self) -> Iterator[bytes]:
        for number in range(FRAMES):
            if number == FRAMES // 2:
                self.is_half.set()
                assert self.has_happened.wait(PATIENCE_S)
            yield JPEG


def sync_streams(targets: Any, sources: list[Source], **options: Any) -> list[list[Outcome]]:
    with Client(targets, reconnect=QUICK) as client, ThreadPoolExecutor(len(sources)) as pool:
        return list(pool.map(lambda source: list(client.detect(source, **options)), sources))


def async_streams(targets: Any, sources: list[Source], **options: Any) -> list[list[Outcome]]:
    async def main() -> list[list[Outcome]]:
        async with AsyncClient(targets, reconnect=QUICK) as client:

            async def stream(source: Source) -> list[Outcome]:
                return [outcome async for outcome in client.detect(source, **options)]

            return await asyncio.gather(*map(stream, sources))

    return asyncio.run(main())


Streams = Callable[..., list[list[Outcome]]]
both = pytest.mark.parametrize("streams", [sync_streams, async_streams], ids=["sync", "async"])


def happen_at_half(sources: list[Source], event: Callable[[], object]) -> threading.Thread:
    """Has an event happen when every stream is half through."""

    def watch() -> None:
        assert all(source.is_half.wait(PATIENCE_S) for source in sources)
        event()
        for source in sources:
            source.has_happened.set()

    thread = threading.Thread(target=watch)
    thread.start()
    return thread


def ids_of(outcome: Outcome) -> tuple[int, ...]:
    if isinstance(outcome, Dropped | Lost):
        return outcome.sequence_ids
    return (outcome.sequence_id,)


def check_all_answered(outcomes: list[Outcome]) -> None:
    assert all(isinstance(outcome, Result) for outcome in outcomes)
    assert [number for outcome in outcomes for number in ids_of(outcome)] == list(range(FRAMES))


@both
@pytest.mark.parametrize("count", [1, 8])
def test_resume_drained_server_sends_its_streams_to_the_next(streams: Streams, count: int) -> None:
    with HostedServer() as second, HostedServer(resume_targets=(second.address,)) as first:
        sources = [Source() for _ in range(count)]
        thread = happen_at_half(sources, lambda: first.submit(first.server.drain()))
        found = streams(first.address, sources)
        thread.join(PATIENCE_S)
        assert second.predictor.started.acquire(timeout=PATIENCE_S)
    for outcomes in found:
        check_all_answered(outcomes)


@both
def test_resume_frames_that_a_drain_cut_short_are_answered_elsewhere(streams: Streams) -> None:
    with (
        HostedServer() as second,
        HostedServer(resume_targets=(second.address,), grace_s=0.2) as first,
    ):
        first.predictor.gate.clear()
        sources = [Source() for _ in range(4)]
        for source in sources:
            source.has_happened.set()
        drain = threading.Thread(target=drain_when_busy, args=[first])
        drain.start()
        found = streams(first.address, sources, max_in_flight=4)
        first.predictor.gate.set()
        drain.join(PATIENCE_S)
    for outcomes in found:
        check_all_answered(outcomes)


def drain_when_busy(hosted: HostedServer) -> None:
    hosted.wait_until_accepted(8)  # two of each stream, as the first credit says
    hosted.submit(hosted.server.drain())


@both
@pytest.mark.parametrize("count", [1, 8])
def test_resume_killed_server_loses_no_frame(streams: Streams, count: int) -> None:
    with ServerProcess(command=NOOP) as first, HostedServer() as second:
        sources = [Source() for _ in range(count)]
        thread = happen_at_half(sources, first.process.kill)
        found = streams((first.address, second.address), sources)
        thread.join(PATIENCE_S)
    for outcomes in found:
        check_all_answered(outcomes)


@both
@pytest.mark.parametrize("kills", [False, True], ids=["drained", "killed"])
def test_resume_live_streams_account_for_every_frame(streams: Streams, kills: bool) -> None:
    with ServerProcess(command=NOOP) as first, HostedServer() as second:
        sources = [Source() for _ in range(4)]
        end = first.process.kill if kills else first.process.terminate
        thread = happen_at_half(sources, end)
        targets = (first.address, second.address)
        found = streams(targets, sources, overflow_policy=DROP_OLDEST)
        thread.join(PATIENCE_S)
    for outcomes in found:
        ids = [number for outcome in outcomes for number in ids_of(outcome)]
        assert sorted(ids) == list(range(FRAMES))


def test_resume_draining_tells_what_arrived_and_where_to_go() -> None:
    with HostedServer(resume_targets=("b:1", "c:2"), grace_s=0.5) as hosted:
        hosted.predictor.gate.clear()
        stream = RawStream(hosted.stub, model="body", max_in_flight=2)
        idle = RawStream(hosted.stub, model="body")
        stream.started()
        idle.started()
        for number in (3, 5, 9):  # the last one waits at the door
            stream.frame(number)
        hosted.wait_until_accepted(2)
        hosted.wait_until(
            lambda: 9 in {s.last_arrived_id for s in hosted.server._servicer._streams}
        )
        drained = hosted.submit(hosted.server.drain())
        told = stream.next().draining
        assert list(told.resume_targets) == ["b:1", "c:2"]
        assert told.last_sequence_id == 9
        assert not idle.next().draining.HasField("last_sequence_id")
        dropped = [stream.next().dropped]
        while dropped[-1].last_sequence_id < 9:
            dropped.append(stream.next().dropped)
        assert dropped[0].first_sequence_id == 3
        assert sum(drop.count for drop in dropped) == 3
        assert {drop.reason for drop in dropped} == {DropReason.DRAINING}
        _, info, _ = stream.end()
        assert info.reason == "SERVER_DRAINING"
        hosted.predictor.gate.set()
        drained.result(PATIENCE_S)
