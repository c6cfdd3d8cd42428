"""The clients' single calls, and the channels they own or borrow."""

import asyncio
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from posewire import (
    AsyncClient,
    Client,
    DeadlineExceededError,
    Health,
    Model,
    ModelState,
    ModelUnknownError,
    PosewireError,
    Reconnect,
    Result,
)

from tests.integration.scripted_service import (
    RunningService,
)

QUICK = Reconnect(initial_s=0.01, max_s=0.1, max_attempts=50)
WAIT_S = 30


def call(target: str, method: str, *args: object, timeout_s: float = WAIT_S) -> list[Any]:
    """Returns the answers of the sync and of the asyncio client, or what they raised."""

    def sync_call() -> Any:
        with Client(target, timeout_s=timeout_s) as client:
            return getattr(client, method)(*args)

    async def async_call() -> Any:
        async with AsyncClient(target, timeout_s=timeout_s) as client:
            return await getattr(client, method)(*args)

    answers = []
    for run in (sync_call, lambda: asyncio.run(async_call())):
        try:
            answers.append(run())
        except PosewireError as error:
            answers.append(error)
    return answers


def test_detect_image_returns_a_result() -> None:
    with RunningService() as running:
        for answer in call(running.address, "detect_image", b"jpeg"):
            assert isinstance(answer, Result)
            assert answer.image_size == (64, 48)
            assert answer.poses.scores.tolist() == [0.25]
            assert np.isnan(answer.poses.keypoints[0, 1, :2]).all()
            assert answer.round_trip_s > 0


def test_detect_image_in_time_or_raises() -> None:
    with (
        RunningService() as running,
        Client(running.address, timeout_s=0.05) as client,
        pytest.raises(DeadlineExceededError),
    ):
        client.detect_image(b"jpeg", model="never")


def test_models_are_described() -> None:
    with RunningService() as running:
        for (model,) in call(running.address, "list_models"):
            assert isinstance(model, Model)
            assert model.state is ModelState.SERVING
            assert model.skeleton.keypoints == ("nose", "neck")
            assert model.skeleton.limbs == ((0, 1),)
            assert model.engine.threads == 2
            assert model.limits.max_in_flight == 4
            assert model.limits.max_bytes_in_flight == 5
            assert model.provenance[0].licence == "MIT"


def test_get_model_unknown_raises_with_the_known_names() -> None:
    with RunningService() as running:
        assert [model.name for model in call(running.address, "get_model", "body")] == ["body"] * 2
        for error in call(running.address, "get_model", "foot"):
            assert isinstance(error, ModelUnknownError)
            assert error.metadata == {"known": "body", "model": "foot"}


def test_health_tells_the_servers_state() -> None:
    with RunningService() as running:
        assert call(running.address, "health") == [Health.SERVING, Health.SERVING]
        for error in call(running.address, "health", "nothing"):
            assert isinstance(error, PosewireError)
            assert error.code is grpc.StatusCode.NOT_FOUND


def test_client_leaves_the_callers_channel_open() -> None:
    with RunningService() as running, grpc.insecure_channel(running.address) as channel:
        with Client(channel) as client:
            assert client.health() is Health.SERVING
        assert Client(channel).health() is Health.SERVING


def test_async_client_leaves_the_callers_channel_open() -> None:
    async def main(address: str) -> None:
        async with grpc.aio.insecure_channel(address) as channel:
            async with AsyncClient(channel) as client:
                assert await client.health() is Health.SERVING
            assert await AsyncClient(channel).health() is Health.SERVING

    with RunningService() as running:
        asyncio.run(main(running.address))


def test_client_reaches_a_unix_socket(tmp_path: Path) -> None:
    with RunningService(address=f"unix:{tmp_path}/socket") as running:
        assert call(running.address, "health") == [Health.SERVING, Health.SERVING]
