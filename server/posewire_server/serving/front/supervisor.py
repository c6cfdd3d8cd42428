"""Keeps a number of worker processes running: starts them, and replaces those that end."""

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
class Patience:
    """How much of its workers a supervisor bears.

    Attributes:
        ready_timeout_s: Longest time from the start of one until it serves.
        settled_s: One that has served for as long did not fail, whatever ends it.
        most_failures: How often in a row a place may fail before it is given up.
        first_pause_s: Time before the second replacement in a row; doubles with each.
    """

    ready_timeout_s: float = 300.0
    settled_s: float = 10.0
    most_failures: int = 5
    first_pause_s: float = 0.5


class Audience(Protocol):
    """Who wants to know of the workers; called on the event loop."""

    def worker_ready(self, place: int, address: str) -> None:
        """A worker serves."""

    def worker_lost(self, place: int, pid: int) -> None:
        """A worker that served has ended; this was its process."""


class Supervisor:
    """Places with one worker process each.

    A place whose first worker does not come to serve is given up at once: that is the fault of the
    settings, and the next one would do no better.

    Args:
        places: How many.
        command: What runs the worker of a place, given the place and how many it had before; see
            ``start_worker``.
        audience: Who wants to know.
        environment: Of the workers; None for that of this process.
        patience: How much to bear.

    Attributes:
        restarts: How often the worker of each place was replaced.
    """

    def __init__(
        self,
        places: int,
        command: Callable[[int, int], Sequence[str]],
        audience: Audience,
        environment: Mapping[str, str] | None = None,
        patience: Patience | None = None,
    ) -> None:
        self.restarts = dict.fromkeys(range(places), 0)
        self._command = command
        self._audience = audience
        self._environment = environment
        self._patience = patience or Patience()
        self._running: dict[int, WorkerProcess] = {}
        self._never_served = set(range(places))
        self._all_have_served = asyncio.Event()
        self._stopping = asyncio.Event()
        self._places: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Starts the workers; returns when all of them serve.

        Raises:
            EngineError: WORKER_FAILED.
        """
        self._places = [
            asyncio.create_task(self._keep(place)) for place in sorted(self._never_served)
        ]
        all_serve = asyncio.create_task(self._all_have_served.wait())
        await asyncio.wait((all_serve, *self._places), return_when=asyncio.FIRST_COMPLETED)
        all_serve.cancel()
        for place in self._places:
            if place.done():
                place.result()

    async def fail(self) -> None:
        """Waits until every place is given up.

        Raises:
            EngineError: WORKER_FAILED.
        """
        await asyncio.wait(self._places)
        for place in self._places:
            place.result()

    def terminate(self) -> None:
        """Has all workers drain and end, and replaces none."""
        if self._stopping.is_set():  # being told twice, a worker would not drain
            return
        self._stopping.set()
        for worker in self._running.values():
            worker.terminate()

    async def stop(self, timeout_s: float) -> None:
        """Waits for the end of all workers, and after ``timeout_s`` ends them at once."""
        self.terminate()
        if self._places:
            await asyncio.wait(self._places, timeout=timeout_s)
            for place in self._places:
                place.cancel()
            await asyncio.wait(self._places)

    async def _keep(self, place: int) -> None:
        failures = 0
        for number in itertools.count():
            settled = await self._employ(place, number)
            if self._stopping.is_set():
                return
            failures = 0 if settled else failures + 1
            if failures > self._patience.most_failures or place in self._never_served:
                raise self._given_up(place, failures)
            self.restarts[place] += 1
            if failures > 1:
                await self._pause(self._patience.first_pause_s * 2.0 ** (failures - 2))

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    async def _employ(self, place: int, number: int) -> bool:
        """Runs one worker from its start to its end; returns whether it was of use."""
        worker = await start_worker(self._command(place, number), self._environment)
        self._running[place] = worker
        try:
            address = await asyncio.wait_for(worker.ready(), self._patience.ready_timeout_s)
            return address is not None and await self._serve(place, worker, address)
        except TimeoutError:
            _LOG.warning("worker %d did not come to serve in time", place)
            return False
        finally:
            worker.kill()
            code = await worker.ended()
            del self._running[place]
            level = logging.INFO if self._stopping.is_set() else logging.WARNING
            _LOG.log(level, "worker %d ended with exit code %d", place, code)

    async def _serve(self, place: int, worker: WorkerProcess, address: str) -> bool:
        clock_s = asyncio.get_running_loop().time
        began_s = clock_s()
        self._audience.worker_ready(place, address)
        self._never_served.discard(place)
        if not self._never_served:
            self._all_have_served.set()
        try:
            await worker.ended()
        finally:
            self._audience.worker_lost(place, worker.pid)
        return clock_s() - began_s >= self._patience.settled_s

    def _given_up(self, place: int, failures: int) -> EngineError:
        text = f"worker {place} failed {failures} times in a row and is not replaced; see the log"
        _LOG.error(text)
        return EngineError(LocalReason.WORKER_FAILED, text)
