"""Clients whose workers are killed under them: every frame has exactly one outcome all the same."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from posewire import Client, Dropped, Frame, Lost, Outcome, OverflowPolicy, Reconnect, Result

from tests.serving.gated_predictor import PATIENCE_S
from tests.serving.hosted_front import HostedFront
from tests.serving.raw_stream import JPEG

FRAMES = 120
CLIENTS = 4


def frames(front: HostedFront, *, kills: bool) -> Iterator[Frame]:
    """Yields frames; one client in between kills one worker after the other."""
    for number in range(FRAMES):
        if kills and number in (30, 70):
            front.kill_worker(int(number == 70))
        yield Frame(JPEG, sequence_id=number)


def ids_of(outcome: Outcome) -> tuple[int, ...]:
    if isinstance(outcome, Dropped | Lost):
        return outcome.sequence_ids
    return (outcome.sequence_id,)


@pytest.mark.parametrize("policy", [OverflowPolicy.BLOCK, OverflowPolicy.DROP_OLDEST])
def test_every_frame_has_one_outcome_though_all_workers_are_killed(policy: OverflowPolicy) -> None:
    def run(client: int) -> list[Outcome]:
        with Client(front.address, reconnect=Reconnect(initial_s=0.01)) as opened:
            sent = frames(front, kills=client == 0)
            return list(opened.detect(sent, overflow_policy=policy))

    with HostedFront() as front, ThreadPoolExecutor(CLIENTS) as pool:
        for outcomes in pool.map(run, range(CLIENTS), timeout=PATIENCE_S):
            numbers = [number for outcome in outcomes for number in ids_of(outcome)]
            assert sorted(numbers) == list(range(FRAMES))
            if policy is OverflowPolicy.BLOCK:
                assert numbers == list(range(FRAMES))
                assert all(isinstance(outcome, Result) for outcome in outcomes)
        assert front.front._supervisor.restarts == {0: 1, 1: 1}
