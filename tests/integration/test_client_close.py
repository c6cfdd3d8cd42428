"""Closing a stream early cancels it and leaves nothing behind."""

import asyncio
import threading
from typing import Any

from posewire import (
    AsyncClient,
    Client,
    Reconnect,
    Result,
)

from tests.integration.scripted_service import (
    RunningService,
)

QUICK = Reconnect(initial_s=0.01, max_s=0.1, max_attempts=50)
WAIT_S = 30


def test_detect_closed_early_cancels_the_stream_and_leaves_no_thread() -> None:
    before = set(threading.enumerate())
    with RunningService() as running, Client(running.address) as client:
        service_threads = set(threading.enumerate())
        outcomes = client.detect(b"x" for _ in range(10**9))
        assert isinstance(next(outcomes), Result)
        mine = set(threading.enumerate()) - service_threads
        outcomes.close()
        assert running.service.cancelled.wait(WAIT_S)
    for thread in mine | (set(threading.enumerate()) - before):
        thread.join(WAIT_S)
        assert not thread.is_alive()


def test_async_detect_closed_early_cancels_the_stream_and_its_frames() -> None:
    closed = threading.Event()

    async def endless() -> Any:
        try:
            while True:
                yield b"x"
                await asyncio.sleep(0)
        finally:
            closed.set()

    async def main(address: str) -> None:
        async with AsyncClient(address) as client:
            outcomes = client.detect(endless())
            assert isinstance(await anext(outcomes), Result)
            await outcomes.aclose()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        assert [task for task in others if "posewire" in repr(task.get_coro())] == []

    with RunningService() as running:
        asyncio.run(main(running.address))
        assert running.service.cancelled.wait(WAIT_S)
    assert closed.is_set()
