"""Worker processes that are started, replaced and given up."""

import asyncio
import signal
import sys
from collections.abc import Callable, Sequence
from os import kill
from pathlib import Path
from typing import Any

import pytest
from posewire_server.errors import EngineError
from posewire_server.serving.front.supervisor import RestartPolicy, Supervisor

from tests.serving.gated_predictor import PATIENCE_S

SERVES = "import sys; print('posewire-server listening on', sys.argv[1], flush=True); "
LIVES = SERVES + "sys.stdin.read()"
ENDS = SERVES + "sys.exit(3)"
FAILS = "raise SystemExit(3)"
HANGS = "import time; time.sleep(1000)"
IGNORES = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + LIVES
IMPATIENT = RestartPolicy(settled_s=0.0, first_pause_s=0.001, most_failures=3)


class Listener:
    """Attributes:
    events: What was told, in order.
    """

    def __init__(self) -> None:
        self.events: list[tuple[str, int]] = []
        self.addresses: dict[int, str] = {}

    def worker_ready(self, slot: int, address: str) -> None:
        self.events.append(("ready", slot))
        self.addresses[slot] = address

    def worker_lost(self, slot: int, _pid: int) -> None:
        self.events.append(("lost", slot))

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                await asyncio.sleep(0.001)


def script(*codes: str) -> Callable[[int, int], Sequence[str]]:
    """Returns the command of a slot's first worker, its second, ...; the last is for all after."""

    def command(slot: int, number: int) -> Sequence[str]:
        code = codes[min(number, len(codes) - 1)]
        return sys.executable, "-S", "-c", code, f"{slot}-{number}"

    return command


def run(codes: Sequence[str], slots: int, policy: RestartPolicy, play: Any) -> Listener:
    async def main() -> Listener:
        listener = Listener()
        supervisor = Supervisor(slots, script(*codes), listener, policy=policy)
        try:
            await play(supervisor, listener)
        finally:
            await supervisor.stop(PATIENCE_S)
        assert supervisor._running == {}
        return listener

    return asyncio.run(main())


def test_supervisor_start_returns_when_all_workers_serve() -> None:
    async def play(supervisor: Supervisor, listener: Listener) -> None:
        await supervisor.start()
        assert listener.addresses == {0: "0-0", 1: "1-0", 2: "2-0"}

    told = run([LIVES], 3, RestartPolicy(), play)
    assert sorted(told.events[3:]) == [("lost", 0), ("lost", 1), ("lost", 2)]


def test_supervisor_killed_worker_is_replaced_at_once() -> None:
    async def play(supervisor: Supervisor, listener: Listener) -> None:
        await supervisor.start()
        for number in (1, 2):
            kill(supervisor._running[0].pid, signal.SIGKILL)
            await listener.until(lambda number=number: listener.addresses[0] == f"0-{number}")

    told = run([LIVES], 1, IMPATIENT, play)
    assert told.events == [("ready", 0), ("lost", 0)] * 3


@pytest.mark.parametrize("code", [FAILS, HANGS], ids=["ends", "hangs"])
def test_supervisor_worker_that_never_serves_is_an_error_at_the_start(code: str) -> None:
    async def play(supervisor: Supervisor, _listener: Listener) -> None:
        with pytest.raises(EngineError, match="worker 0 failed 1 times in a row") as raised:
            await supervisor.start()
        assert raised.value.reason == "WORKER_FAILED"

    assert run([code], 1, RestartPolicy(ready_timeout_s=0.2), play).events == []


def test_supervisor_slot_that_fails_again_and_again_is_given_up() -> None:
    async def play(supervisor: Supervisor, _listener: Listener) -> None:
        await supervisor.start()
        with pytest.raises(EngineError, match="worker 0 failed 4 times in a row"):
            await supervisor.fail()

    told = run([ENDS, FAILS], 1, IMPATIENT, play)
    assert told.events == [("ready", 0), ("lost", 0)]


def test_supervisor_worker_that_ends_soon_has_failed_though_it_served() -> None:
    async def play(supervisor: Supervisor, _listener: Listener) -> None:
        await supervisor.start()
        with pytest.raises(EngineError, match="worker 0 failed 4 times in a row"):
            await supervisor.fail()

    policy = RestartPolicy(settled_s=PATIENCE_S, first_pause_s=0.001, most_failures=3)
    told = run([ENDS], 1, policy, play)
    assert told.events == [("ready", 0), ("lost", 0)] * 4


def test_supervisor_worker_that_served_well_counts_failures_anew() -> None:
    async def play(supervisor: Supervisor, listener: Listener) -> None:
        await supervisor.start()
        await listener.until(lambda: listener.addresses[0] == "0-7")

    codes = [ENDS, FAILS, FAILS, ENDS, FAILS, FAILS, FAILS, LIVES]
    assert run(codes, 1, IMPATIENT, play).events.count(("ready", 0)) == 3


def test_supervisor_stop_ends_what_does_not_end_by_itself() -> None:
    async def play(supervisor: Supervisor, _listener: Listener) -> None:
        await supervisor.start()
        await supervisor.stop(0.1)
        assert supervisor._running == {}

    run([IGNORES], 2, RestartPolicy(), play)


def test_supervisor_stop_does_not_wait_for_the_next_replacement() -> None:
    async def play(supervisor: Supervisor, listener: Listener) -> None:
        await supervisor.start()
        await listener.until(lambda: listener.addresses[0] == "0-1" and not supervisor._running)
        async with asyncio.timeout(PATIENCE_S):
            await supervisor.stop(2 * PATIENCE_S)

    policy = RestartPolicy(settled_s=PATIENCE_S, first_pause_s=PATIENCE_S * 3)
    run([ENDS], 1, policy, play)


def test_supervisor_environment_is_that_of_the_workers(tmp_path: Path) -> None:
    code = "import os; " + LIVES.replace("sys.argv[1]", "os.environ['PLACE']")

    async def main() -> None:
        listener = Listener()
        supervisor = Supervisor(1, script(code), listener, {"PLACE": str(tmp_path)})
        await supervisor.start()
        assert listener.addresses == {0: str(tmp_path)}
        await supervisor.stop(PATIENCE_S)

    asyncio.run(main())
