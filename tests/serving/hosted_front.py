"""A front in a thread of the test's process, with worker processes behind it."""

import os
import signal
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from posewire_server.serving.front.front import Front
from posewire_server.serving.front.supervisor import RestartPolicy
from posewire_server.serving.rpc.server_config import Limits, ServerConfig

from tests.serving.hosted import Hosted
from tests.serving.portrait_front import WORKER

RESTARTS = RestartPolicy(settled_s=0.0, first_pause_s=0.01)


class HostedFront(Hosted):
    """A front on a free port, drained at the end of the ``with`` block.

    Attributes:
        front: It, for ``submit``.
        address: Where it listens.
    """

    def __init__(
        self,
        workers: int = 2,
        *,
        command: Callable[[str], Sequence[str]] = lambda address: (*WORKER, address),
        address: str = "127.0.0.1:0",
        restarts: RestartPolicy = RESTARTS,
        **limits: int,
    ) -> None:
        super().__init__("hosted-front")
        limited = Limits(**limits)
        self._config = ServerConfig(address, limits=limited, grace_s=2.0, workers=workers)
        self._restarts = restarts
        self._command = command
        self._folder = tempfile.TemporaryDirectory(prefix="posewire-")

    @property
    def streams(self) -> dict[int, int]:
        """How many streams the worker of each slot has."""
        workers = self.front._workers._by_slot
        return {slot: worker.streams for slot, worker in workers.items()}

    @property
    def pids(self) -> dict[int, int]:
        """The process of each slot that serves."""
        serving = self.front._workers._by_slot
        running = self.front._supervisor._running
        return {slot: running[slot].pid for slot in serving}

    def kill_worker(self, slot: int) -> None:
        """Kills the worker of a slot and returns when the next one serves."""
        pid = self.pids[slot]
        os.kill(pid, signal.SIGKILL)
        self.wait_until(lambda: self.pids.get(slot, pid) != pid)

    async def _start(self) -> str:
        folder = Path(self._folder.name)

        def command(slot: int, number: int) -> Sequence[str]:
            return self._command(f"unix:{folder}/worker-{slot}-{number}.sock")

        self.front = Front(self._config, command, restarts=self._restarts)
        try:
            return await self.front.start()
        except BaseException:
            await self.front.drain()  # ends the workers that did start
            raise

    async def _drain(self) -> None:
        await self.front.drain()

    def _end(self) -> None:
        super()._end()
        self._folder.cleanup()
