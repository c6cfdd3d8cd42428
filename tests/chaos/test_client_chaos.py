"""Connections that break again and again: each frame still has exactly one outcome."""

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Callable, Iterable

import grpc
import numpy as np
import pytest
from google.rpc import code_pb2
from posewire import AsyncClient, Client, Dropped, Lost, Outcome, Reconnect, UnavailableError
from posewire.v1 import keypoint_service_pb2 as service_pb2
from posewire_server.serving.server_process import ServerProcess

from tests.integration.scripted_service import (
    Requests,
    Responses,
    RunningService,
    Script,
    ScriptedService,
    abort,
    answer_all,
    dropped,
    frame_error,
    result,
    started,
)

FRAMES = 600
QUICK = Reconnect(initial_s=0.001, max_s=0.01, max_attempts=None)
BREAKS = (code_pb2.UNAVAILABLE, code_pb2.INTERNAL, code_pb2.CANCELLED)


def unsteady(seed: int) -> Script:
    """Answers some frames this way or that, leaves some unanswered, and fails or ends."""
    chance = random.Random(seed)
    length = chance.randrange(60)

    def script(
        service: ScriptedService, requests: Requests, context: grpc.ServicerContext
    ) -> Responses:
        del service
        if chance.random() < 0.2:
            abort(context, code_pb2.UNAVAILABLE, "SERVER_DRAINING")
        yield started(max_in_flight=8)
        waiting: list[int] = []
        for request, _ in zip(requests, range(length), strict=False):
            waiting.append(request.frame.sequence_id)
            if len(waiting) < chance.randrange(1, 8):
                continue
            yield from answer_some(waiting, chance)
        if chance.random() < 0.3:
            yield service_pb2.DetectResponse(draining=service_pb2.Draining())
        if chance.random() < 0.8:
            abort(context, chance.choice(BREAKS), "")

    return script


def answer_some(waiting: list[int], chance: random.Random) -> Responses:
    kind = chance.choice(["results", "error", "dropped"])
    if kind == "results":
        while waiting:
            yield result(waiting.pop(chance.randrange(len(waiting))))
    elif kind == "error":
        yield frame_error(waiting.pop(0), "IMAGE_EMPTY")
    else:
        yield dropped(waiting[0], waiting[-1])
        waiting.clear()


def ids_of(outcome: Outcome) -> tuple[int, ...]:
    if isinstance(outcome, Dropped | Lost):
        return outcome.sequence_ids
    return (outcome.sequence_id,)


def sync_detect(address: str) -> list[Outcome]:
    with Client(address, reconnect=QUICK) as client:
        return list(client.detect(iter([b"x"] * FRAMES)))


def async_detect(address: str) -> list[Outcome]:
    async def frames() -> AsyncIterator[bytes]:
        for _ in range(FRAMES):
            yield b"x"

    async def main() -> list[Outcome]:
        async with AsyncClient(address, reconnect=QUICK) as client:
            return [outcome async for outcome in client.detect(frames())]

    return asyncio.run(main())


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("detect", [sync_detect, async_detect], ids=["sync", "async"])
def test_client_every_frame_has_one_outcome_over_many_broken_connections(
    detect: Callable[[str], list[Outcome]], seed: int
) -> None:
    scripts = [unsteady(1000 * seed + number) for number in range(25)]
    with RunningService(*scripts, answer_all) as running:
        outcomes = detect(running.address)
    ids = sorted(sequence_id for outcome in outcomes for sequence_id in ids_of(outcome))
    assert ids == list(range(FRAMES))
    assert not any(isinstance(outcome, Lost) for outcome in outcomes)
    assert len(running.service.configs) > 2


def test_client_server_killed_reports_what_was_lost_and_raises() -> None:
    outcomes: list[Outcome] = []
    with ServerProcess(command=("posewire_server.tools.benchmarks.noop",)) as server:
        reconnect = Reconnect(initial_s=0.01, max_attempts=2)
        with Client(server.address, reconnect=reconnect) as client:
            pixels = np.zeros((48, 64, 3), np.uint8)
            stream = client.detect(itertools.repeat(pixels), max_in_flight=2)
            outcomes += itertools.islice(stream, 5)
            server.process.kill()
            with pytest.raises(UnavailableError):
                keep_all(stream, outcomes)
    assert isinstance(outcomes[-1], Lost)
    ids = [sequence_id for outcome in outcomes for sequence_id in ids_of(outcome)]
    assert ids == list(range(len(ids)))


def keep_all(stream: Iterable[Outcome], outcomes: list[Outcome]) -> None:
    """Appends one by one, so that what came before an error is kept."""
    for outcome in stream:
        outcomes.append(outcome)  # noqa: PERF402
