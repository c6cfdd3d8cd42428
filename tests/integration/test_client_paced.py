"""Paced streams: the client sends what the server has use for, and says what it left out."""

import threading
from collections.abc import Iterator

import grpc
from posewire import Dropped, DropReason, OverflowPolicy, Result

from tests.integration.scripted_service import (
    Requests,
    Responses,
    RunningService,
    ScriptedService,
    result,
    started,
)
from tests.integration.test_client import Detect, detect  # noqa: F401 (a fixture)

WAIT_S = 30
DROP_OLDEST = OverflowPolicy.DROP_OLDEST


def test_detect_paced_sends_the_newest_when_there_is_credit(detect: Detect) -> None:  # noqa: F811
    has_first, has_all = threading.Event(), threading.Event()
    arrived: list[int] = []

    def script(
        service: ScriptedService, requests: Requests, context: grpc.ServicerContext
    ) -> Responses:
        del service, context
        begin = started(policy=DROP_OLDEST.value)
        begin.credit = 1
        yield begin
        for request in requests:
            arrived.append(request.frame.sequence_id)
            has_first.set()
            assert has_all.wait(WAIT_S)
            yield result(request.frame.sequence_id, credit=1)

    def camera() -> Iterator[bytes]:
        yield b"x"
        assert has_first.wait(WAIT_S)
        for _ in range(9):
            yield b"x"
        has_all.set()

    with RunningService(script) as running:
        outcomes, error = detect(running.address, camera(), overflow_policy=DROP_OLDEST, paced=True)
    assert error is None
    answered = [outcome.sequence_id for outcome in outcomes if isinstance(outcome, Result)]
    dropped = [outcome for outcome in outcomes if isinstance(outcome, Dropped)]
    assert answered == arrived == [0, 9]
    assert {drop.reason for drop in dropped} == {DropReason.NOT_SENT}
    assert [number for drop in dropped for number in drop.sequence_ids] == list(range(1, 9))


def test_detect_paced_accounts_for_every_frame(detect: Detect) -> None:  # noqa: F811
    with RunningService() as running:
        outcomes, error = detect(running.address, (b"x" for _ in range(300)), paced=True)
    assert error is None
    ids = [
        number
        for outcome in outcomes
        for number in (
            outcome.sequence_ids if isinstance(outcome, Dropped) else (outcome.sequence_id,)  # type: ignore[union-attr]
        )
    ]
    assert sorted(ids) == list(range(300))
