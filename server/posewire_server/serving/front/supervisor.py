"""Supervisor of worker processes: starts them, and replaces those that end."""

import asyncio
import contextlib
import itertools
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from posewire_server.errors import EngineError, LocalReason
from posewire_server.serving.front.worker_process import WorkerProcess, start_worker

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class RestartPolicy:
    """When a supervisor replaces workers, and when it gives a slot up.

    Attributes:
        ready_timeout_s: Longest time from the start of a worker until it serves.
        settled_s: A worker that has served for this time did not fail, whatever ends it.
        most_failures: How often in a row a slot may fail before it is given up.
        first_pause_s: Time before the second replacement in a row; doubles with each.
    """

    ready_timeout_s: float = 300.0
    settled_s: float = 10.0
    most_failures: int = 5
    first_pause_s: float = 0.5


class WorkerListener(Protocol):
    """Receives the events of the workers, on the event loop."""

    def worker_ready(self, slot: int, address: str) -> None:
        """A worker serves."""

    def worker_lost(self, slot: int, pid: int) -> None:
        """A worker that served has ended; ``pid`` was its process."""


class Supervisor:
    """Keeps one worker process running in each of its slots.

    A slot whose first worker does not serve is given up at once: the settings are at fault, and the
    next worker would fail too.

    Args:
        command: Returns what runs a worker, given its slot and how many workers that had before;
            see ``start_worker``.
    """

    def __init__(
        self,
        slots: int,
        command: Callable[[int, int], Sequence[str]],
        listener: WorkerListener,
        environment: Mapping[str, str] | None = None,
        policy: RestartPolicy | None = None,
    ) -> None:
        self.restarts = dict.fromkeys(range(slots), 0)
        self._command = command
        self._listener = listener
        self._environment = environment
        self._policy = policy or RestartPolicy()
        self._running: dict[int, WorkerProcess] = {}
        self._never_served = set(range(slots))
        self._all_have_served = asyncio.Event()
        self._stopping = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Starts the workers; returns when all of them serve.

        Raises:
            EngineError: WORKER_FAILED.
        """
        self._tasks = [asyncio.create_task(self._keep(slot)) for slot in sorted(self._never_served)]
        all_serve = asyncio.create_task(self._all_have_served.wait())
        await asyncio.wait((all_serve, *self._tasks), return_when=asyncio.FIRST_COMPLETED)
        all_serve.cancel()
        for task in self._tasks:
            if task.done():
                task.result()

    async def fail(self) -> None:
        """Waits until every slot is given up.

        Raises:
            EngineError: WORKER_FAILED.
        """
        await asyncio.wait(self._tasks)
        for task in self._tasks:
            task.result()

    def terminate(self) -> None:
        """Has all workers drain and end, and replaces none."""
        if self._stopping.is_set():  # a second signal would end a worker that drains
            return
        self._stopping.set()
        for worker in self._running.values():
            worker.terminate()

    async def stop(self, timeout_s: float) -> None:
        """Waits for the end of all workers, and after ``timeout_s`` ends them at once."""
        self.terminate()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=timeout_s)
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(self._tasks)

    async def _keep(self, slot: int) -> None:
        failures = 0
        for number in itertools.count():
            settled = await self._run_worker(slot, number)
            if self._stopping.is_set():
                return
            failures = 0 if settled else failures + 1
            if failures > self._policy.most_failures or slot in self._never_served:
                raise self._given_up(slot, failures)
            self.restarts[slot] += 1
            if failures > 1:
                await self._pause(self._policy.first_pause_s * 2.0 ** (failures - 2))

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    async def _run_worker(self, slot: int, number: int) -> bool:
        """Runs one worker from its start to its end; returns whether it settled."""
        worker = await start_worker(self._command(slot, number), self._environment)
        self._running[slot] = worker
        try:
            address = await asyncio.wait_for(worker.ready(), self._policy.ready_timeout_s)
            return address is not None and await self._serve(slot, worker, address)
        except TimeoutError:
            _LOG.warning("worker %d did not come to serve in time", slot)
            return False
        finally:
            worker.kill()
            code = await worker.ended()
            del self._running[slot]
            level = logging.INFO if self._stopping.is_set() else logging.WARNING
            _LOG.log(level, "worker %d ended with exit code %d", slot, code)

    async def _serve(self, slot: int, worker: WorkerProcess, address: str) -> bool:
        clock_s = asyncio.get_running_loop().time
        began_s = clock_s()
        self._listener.worker_ready(slot, address)
        self._never_served.discard(slot)
        if not self._never_served:
            self._all_have_served.set()
        try:
            await worker.ended()
        finally:
            self._listener.worker_lost(slot, worker.pid)
        return clock_s() - began_s >= self._policy.settled_s

    def _given_up(self, slot: int, failures: int) -> EngineError:
        text = f"worker {slot} failed {failures} times in a row and is not replaced; see the log"
        _LOG.error(text)
        return EngineError(LocalReason.WORKER_FAILED, text)
