"""Worker process: the parent's handle on it, and its own watch over the parent."""

import asyncio
import contextlib
import os
import threading
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence
from typing import Final

from posewire_server.serving.rpc.listener import READY

_STDIN: Final = 0
_ORPHANED: Final = 1


class WorkerProcess:
    """Server in a child process that ends with this one.

    Signals of the terminal do not reach it; it ends once, when it is told to.
    """

    def __init__(self, process: Process) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    async def ready(self) -> str | None:
        """Waits until it serves; returns its address, or None if it ended before."""
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
        command: Prints ``READY`` and its address once it serves; calls ``end_with_stdin``.
    """
    process = await asyncio.create_subprocess_exec(
        *command, stdin=PIPE, stdout=PIPE, env=environment, start_new_session=True
    )
    return WorkerProcess(process)


def end_with_stdin() -> None:
    """Ends this process at once when its standard input ends; called in the worker.

    Only the parent holds the other end of that pipe, and the system closes it there even after
    SIGKILL.
    """
    threading.Thread(target=_wait_for_end, name="posewire-parent-watch", daemon=True).start()


def _wait_for_end() -> None:
    while os.read(_STDIN, 1024):
        pass
    os._exit(_ORPHANED)
