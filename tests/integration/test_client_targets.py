"""Both clients with several servers, some of which do not serve the model."""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import grpc
import pytest
from google.rpc import code_pb2
from posewire import (
    AsyncClient,
    Client,
    ModelNotServingError,
    ModelState,
    Outcome,
    OverflowPolicy,
    Reconnect,
    Result,
)

from tests.integration.scripted_service import (
    Requests,
    Responses,
    RunningService,
    ScriptedService,
    abort,
)
from tests.serving.gated_predictor import SPEC, GatedPredictor
from tests.serving.hosted_server import HostedServer
from tests.serving.raw_stream import JPEG

SLOW = Reconnect(initial_s=30.0, max_s=30.0, max_attempts=None)  # a wait is a test that hangs
AT_ONCE_S = 15.0
Detect = Callable[..., list[Outcome]]
DetectImage = Callable[..., Result]


def sync_detect(targets: Any, **options: Any) -> list[Outcome]:
    with Client(targets, reconnect=SLOW) as client:
        return list(client.detect([JPEG] * 3, **options))


def async_detect(targets: Any, **options: Any) -> list[Outcome]:
    async def main() -> list[Outcome]:
        async with AsyncClient(targets, reconnect=SLOW) as client:
            return [outcome async for outcome in client.detect([JPEG] * 3, **options)]

    return asyncio.run(main())


def sync_detect_image(targets: Any, **options: Any) -> Result:
    with Client(targets) as client:
        return client.detect_image(JPEG, **options)


def async_detect_image(targets: Any, **options: Any) -> Result:
    async def main() -> Result:
        async with AsyncClient(targets) as client:
            return await client.detect_image(JPEG, **options)

    return asyncio.run(main())


streams = pytest.mark.parametrize("detect", [sync_detect, async_detect], ids=["sync", "async"])
calls = pytest.mark.parametrize(
    "detect_image", [sync_detect_image, async_detect_image], ids=["sync", "async"]
)


@pytest.fixture(scope="module")
def body() -> Iterator[HostedServer]:
    with HostedServer() as hosted:
        yield hosted


@pytest.fixture(scope="module")
def hand() -> Iterator[HostedServer]:
    with HostedServer(predictor=GatedPredictor(replace(SPEC, name="hand"))) as hosted:
        yield hosted


def refuse(
    service: ScriptedService, requests: Requests, context: grpc.ServicerContext
) -> Responses:
    del service, requests
    yield from ()
    abort(context, code_pb2.FAILED_PRECONDITION, "MODEL_NOT_SERVING", model="body")


@streams
@pytest.mark.parametrize("policy", list(OverflowPolicy))
def test_detect_goes_on_to_the_server_that_serves_the_model(
    body: HostedServer, hand: HostedServer, detect: Detect, policy: OverflowPolicy
) -> None:
    targets = (body.address, hand.address)
    outcomes = detect(targets, model="hand", overflow_policy=policy, max_in_flight=3)
    assert [outcome.sequence_id for outcome in outcomes if isinstance(outcome, Result)] == [0, 1, 2]


@streams
def test_detect_raises_at_once_where_no_server_serves_the_model(
    body: HostedServer, hand: HostedServer, detect: Detect
) -> None:
    began_s = time.monotonic()
    for targets in (body.address, (body.address, hand.address)):
        with pytest.raises(ModelNotServingError, match="not served here; start") as raised:
            detect(targets, model="face")
        error = raised.value
        assert (error.code, error.reason) == (
            grpc.StatusCode.FAILED_PRECONDITION,
            "MODEL_NOT_SERVING",
        )
        assert error.metadata == {"model": "face"}
    assert time.monotonic() - began_s < AT_ONCE_S


@streams
def test_detect_asks_each_server_once(detect: Detect) -> None:
    with RunningService(refuse) as first, RunningService(refuse) as second:
        with pytest.raises(ModelNotServingError):
            detect((first.address, second.address))
        assert [len(running.service.configs) for running in (first, second)] == [1, 1]


@calls
def test_detect_image_goes_on_to_the_server_that_serves_the_model(
    body: HostedServer, hand: HostedServer, detect_image: DetectImage
) -> None:
    assert detect_image((body.address, hand.address), model="hand").image_size == (96, 64)


@calls
def test_detect_image_raises_where_no_server_serves_the_model(
    body: HostedServer, hand: HostedServer, detect_image: DetectImage
) -> None:
    with pytest.raises(ModelNotServingError, match="not served here; start") as raised:
        detect_image((body.address, hand.address), model="face")
    assert raised.value.metadata == {"model": "face"}


def test_get_model_says_which_server_serves_the_model(
    body: HostedServer, hand: HostedServer
) -> None:
    found = []
    for hosted in (body, hand):
        with Client(hosted.address) as client:
            found.append([client.get_model(name).state for name in ("body", "hand")])
    serving, available = ModelState.SERVING, ModelState.AVAILABLE
    assert found == [[serving, available], [available, serving]]


@pytest.mark.parametrize("detect", [sync_detect, async_detect, sync_detect_image])
def test_model_without_a_name_must_be_set(body: HostedServer, detect: Detect) -> None:
    with pytest.raises(Exception, match=r"^model must be set; there are: body, "):
        detect(body.address, model="")
