"""Both clients against a real gRPC server that follows scripts; each case runs for both."""

import asyncio
import threading
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from google.rpc import code_pb2
from posewire import (
    AsyncClient,
    Client,
    Dropped,
    Frame,
    FrameError,
    FrameLike,
    InvalidArgumentError,
    Lost,
    Outcome,
    OverflowPolicy,
    PosewireError,
    Reconnect,
    Result,
    UnavailableError,
)
from posewire.v1 import keypoint_service_pb2 as service_pb2

from tests.integration.scripted_service import (
    Requests,
    Responses,
    RunningService,
    ScriptedService,
    abort,
    answer_all,
    answer_then_abort,
    dropped,
    frame_error,
    result,
    started,
)

QUICK = Reconnect(initial_s=0.01, max_s=0.1, max_attempts=50)
WAIT_S = 30


def sync_detect(
    target: str, frames: Iterable[FrameLike], reconnect: Reconnect, options: Any
) -> tuple[list[Outcome], Exception | None]:
    outcomes: list[Outcome] = []
    with Client(target, reconnect=reconnect) as client:
        try:
            outcomes.extend(client.detect(frames, **options))
        except Exception as error:  # the caller asserts on it
            return outcomes, error
    return outcomes, None


def async_detect(
    target: str, frames: Iterable[FrameLike], reconnect: Reconnect, options: Any
) -> tuple[list[Outcome], Exception | None]:
    async def main() -> tuple[list[Outcome], Exception | None]:
        outcomes: list[Outcome] = []
        async with AsyncClient(target, reconnect=reconnect) as client:
            try:
                async for outcome in client.detect(frames, **options):
                    outcomes.append(outcome)  # noqa: PERF401  (kept when an error ends it)
            except Exception as error:  # the caller asserts on it
                return outcomes, error
        return outcomes, None

    return asyncio.run(main())


Detect = Callable[..., tuple[list[Outcome], Exception | None]]


@pytest.fixture(params=[sync_detect, async_detect], ids=["sync", "async"])
def detect(request: pytest.FixtureRequest) -> Detect:
    def run(
        target: str, frames: Iterable[FrameLike], reconnect: Reconnect = QUICK, **options: Any
    ) -> tuple[list[Outcome], Exception | None]:
        outcome: tuple[list[Outcome], Exception | None] = request.param(
            target, frames, reconnect, options
        )
        return outcome

    return run


def answered_ids(outcomes: list[Outcome]) -> list[int]:
    return [outcome.sequence_id for outcome in outcomes if isinstance(outcome, Result)]


def test_detect_answers_every_kind_of_frame(detect: Detect) -> None:
    frames: list[FrameLike] = [b"jpeg", np.zeros((4, 4, 3), np.uint8), Frame(b"x", sequence_id=9)]
    with RunningService() as running:
        outcomes, error = detect(running.address, frames, mode="openpose", max_in_flight=2)
    assert error is None
    assert answered_ids(outcomes) == [0, 1, 9]
    config = running.service.configs[0]
    assert (config.model, config.mode, config.max_in_flight) == ("body", "openpose", 2)


def test_detect_without_frames_ends_without_outcomes(detect: Detect) -> None:
    with RunningService() as running:
        assert detect(running.address, []) == ([], None)


def test_detect_yields_errors_and_drops_as_outcomes(detect: Detect) -> None:
    def script(
        service: ScriptedService, requests: Requests, context: grpc.ServicerContext
    ) -> Responses:
        del service, context
        yield started(policy=service_pb2.OVERFLOW_POLICY_DROP_OLDEST)
        taken = [next(requests).frame.sequence_id for _ in range(4)]
        yield frame_error(taken[0], "IMAGE_EMPTY")
        yield dropped(taken[1], taken[2])
        yield result(taken[3])
        assert not list(requests)

    with RunningService(script) as running:
        outcomes, error = detect(running.address, [b""] * 4)
    assert error is None
    assert [type(outcome) for outcome in outcomes] == [FrameError, Dropped, Result]
    assert isinstance(outcomes[0], FrameError)
    assert outcomes[0].reason == "IMAGE_EMPTY"


def test_detect_broken_connection_sends_again_what_has_no_outcome(detect: Detect) -> None:
    with RunningService(answer_then_abort(2, lost=3), answer_all) as running:
        outcomes, error = detect(running.address, [b"x"] * 12)
    assert error is None
    assert answered_ids(outcomes) == list(range(12))
    assert len(outcomes) == 12
    assert len(running.service.configs) == 2


def test_detect_live_broken_connection_reports_lost_frames_and_goes_on(detect: Detect) -> None:
    policy = OverflowPolicy.DROP_OLDEST
    with RunningService(answer_then_abort(2, lost=3, policy=policy), answer_all) as running:

        def frames() -> Iterator[bytes]:
            yield from [b"x"] * 5
            for _ in range(2):
                assert running.service.opened.acquire(timeout=WAIT_S), "no connection was opened"
            yield from [b"x"] * 7

        outcomes, error = detect(running.address, frames(), overflow_policy=policy)
    assert error is None
    (lost,) = [outcome for outcome in outcomes if isinstance(outcome, Lost)]
    assert isinstance(lost.error, UnavailableError)
    assert lost.sequence_ids == (2, 3, 4)
    assert sorted([*answered_ids(outcomes), *lost.sequence_ids]) == list(range(12))
    assert len(running.service.configs) == 2


def test_detect_draining_server_loses_nothing(detect: Detect) -> None:
    def drain(
        service: ScriptedService, requests: Requests, context: grpc.ServicerContext
    ) -> Responses:
        del service
        yield started()
        yield result(next(requests).frame.sequence_id)
        yield service_pb2.DetectResponse(draining=service_pb2.Draining())
        for request in requests:
            yield result(request.frame.sequence_id)
        abort(context, code_pb2.UNAVAILABLE, "SERVER_DRAINING")

    with RunningService(drain, answer_all) as running:
        outcomes, error = detect(running.address, [b"x"] * 12)
    assert error is None
    assert answered_ids(outcomes) == list(range(12))
    assert len(running.service.configs) == 2


def test_detect_frame_awaited_by_a_broken_connection_goes_to_the_next(detect: Detect) -> None:
    reopened = threading.Event()

    def second(
        service: ScriptedService, requests: Requests, context: grpc.ServicerContext
    ) -> Responses:
        reopened.set()
        yield from answer_all(service, requests, context)

    def frames() -> Iterator[bytes]:
        yield b"first"
        assert reopened.wait(WAIT_S)
        yield b"second"
        yield b"third"

    with RunningService(answer_then_abort(1, lost=0), second) as running:
        outcomes, error = detect(running.address, frames())
    assert error is None
    assert answered_ids(outcomes) == [0, 1, 2]


def test_detect_server_restart_goes_on(detect: Detect, tmp_path: Path) -> None:
    address = f"unix:{tmp_path}/s"
    first = RunningService(address=address)
    second = RunningService(address=f"unix:{tmp_path}/other")
    with first, second:
        stopped = threading.Event()

        def frames() -> Iterator[bytes]:
            yield b"x"
            first.stop()
            (tmp_path / "s").unlink(missing_ok=True)
            (tmp_path / "s").symlink_to(tmp_path / "other")
            stopped.set()
            yield b"x"

        outcomes, error = detect(address, frames())
    assert stopped.is_set()
    assert error is None
    lost = [n for outcome in outcomes if isinstance(outcome, Lost) for n in outcome.sequence_ids]
    assert sorted([*answered_ids(outcomes), *lost]) == [0, 1]


def test_detect_wrong_config_raises_with_reason_and_cause(detect: Detect) -> None:
    def script(
        service: ScriptedService, requests: Requests, context: grpc.ServicerContext
    ) -> Responses:
        del service, requests
        abort(context, code_pb2.INVALID_ARGUMENT, "CONFIG_INVALID", field="max_in_flight")
        yield started()

    with RunningService(script) as running:
        outcomes, error = detect(running.address, [b"x"])
    assert outcomes == []
    assert isinstance(error, InvalidArgumentError)
    assert (error.reason, error.metadata) == ("CONFIG_INVALID", {"field": "max_in_flight"})
    assert error.code is grpc.StatusCode.INVALID_ARGUMENT
    assert isinstance(error.__cause__, grpc.RpcError)
    assert "text of CONFIG_INVALID" in str(error)


def test_detect_final_error_first_reports_what_was_lost(detect: Detect) -> None:
    script = answer_then_abort(1, lost=1, code=code_pb2.RESOURCE_EXHAUSTED)
    with RunningService(script) as running:
        outcomes, error = detect(running.address, [b"x"] * 2)
    assert answered_ids(outcomes) == [0]
    assert isinstance(outcomes[1], Lost)
    assert outcomes[1].sequence_ids == (1,)
    assert isinstance(error, PosewireError)


def test_detect_error_of_the_iterator_reaches_the_caller_after_the_outcomes(
    detect: Detect,
) -> None:
    def frames() -> Iterator[bytes]:
        yield b"x"
        yield b"y"
        raise OSError("camera unplugged")

    with RunningService() as running:
        outcomes, error = detect(running.address, frames())
    assert answered_ids(outcomes) == [0, 1]
    assert isinstance(error, OSError)
    assert str(error) == "camera unplugged"


def test_detect_frame_of_wrong_type_raises_type_error(detect: Detect) -> None:
    with RunningService() as running:
        _, error = detect(running.address, [b"x", "path.jpg"])
    assert isinstance(error, TypeError)


def test_detect_block_pulls_no_more_frames_than_may_be_in_flight(detect: Detect) -> None:
    pulled: list[int] = []
    ahead: list[int] = []

    def frames() -> Iterator[bytes]:
        for number in range(20):
            pulled.append(number)
            yield b"x"

    def script(
        service: ScriptedService, requests: Requests, context: grpc.ServicerContext
    ) -> Responses:
        del service, context
        yield started(max_in_flight=3)
        waiting = [next(requests).frame.sequence_id for _ in range(3)]
        for answered in range(20):
            ahead.append(len(pulled) - answered)
            yield result(waiting.pop(0))
            waiting.extend(request.frame.sequence_id for request in islice(requests, 1))

    with RunningService(script) as running:
        outcomes, error = detect(running.address, frames())
    assert error is None
    assert answered_ids(outcomes) == list(range(20))
    assert max(ahead) == 3


def test_detect_without_server_gives_up_after_the_attempts(detect: Detect, tmp_path: Path) -> None:
    outcomes, error = detect(
        f"unix:{tmp_path}/nobody", [b"x"], Reconnect(initial_s=0.01, max_attempts=2)
    )
    assert outcomes == []
    assert isinstance(error, UnavailableError)
    assert isinstance(error.__cause__, grpc.RpcError)


def test_detect_unknown_option_raises_at_once() -> None:
    with Client("unix:nobody") as client, pytest.raises(TypeError, match="'oder'"):
        client.detect([], oder=1)  # type: ignore[call-arg]
