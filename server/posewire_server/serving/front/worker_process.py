"""One worker process, from its start to its end."""

import asyncio
import contextlib
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence

from posewire_server.serving.rpc.listener import READY


class WorkerProcess:
    """A server in a process of its own, to which this process is the lifeline.

    Signals of the terminal do not reach it, so that it ends when it is told to, and once.

    Args:
        process: Started by ``start_worker``.
    """

    def __init__(self, process: Process) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    async def ready(self) -> str | None:
        """Waits until it serves; returns the address, or None where it ended before."""
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            text = line.decode()
            if text.startswith(READY):
                return text.removeprefix(READY).strip()
        return None

    async def ended(self) -> int:
        """Waits for its end and returns its exit code, negative for a signal."""
        assert self._process.stdout is not None
        while await self._process.stdout.read(65536):  # it must not wait for a reader
            pass
        return await self._process.wait()

    def terminate(self) -> None:
        """Has it drain and end."""
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()

    def kill(self) -> None:
        """Ends it at once."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()


async def start_worker(
    command: Sequence[str], environment: Mapping[str, str] | None
) -> WorkerProcess:
    """Starts a worker process.

    Args:
        command: Says ``READY`` and its address on standard output once it serves, and ends with
            its standard input.
        environment: Its own; None for that of this process.
    """
    process = await asyncio.create_subprocess_exec(
        *command, stdin=PIPE, stdout=PIPE, env=environment, start_new_session=True
    )
    return WorkerProcess(process)
