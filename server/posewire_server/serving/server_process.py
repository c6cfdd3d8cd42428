"""Server in a process of its own, for the demo, benchmarks and tests."""

import subprocess
import sys
from collections.abc import Sequence

from posewire_server.errors import EngineError, LocalReason
from posewire_server.serving.rpc.listener import METRICS, READY

_SERVE = ("posewire_server", "serve", "--address", "127.0.0.1:0")


class ServerProcess:
    """``python -m posewire_server serve`` on a free port of the loopback interface.

    Args:
        command: Runs instead of ``posewire_server serve`` and prints the same lines.

    Attributes:
        metrics_url: URL of its metrics; empty if they are not shown.

    Raises:
        EngineError: SERVER_FAILED; it ended before it served.
    """

    def __init__(self, arguments: Sequence[str] = (), command: Sequence[str] = _SERVE) -> None:
        words = [sys.executable, "-m", *command, *arguments]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        self.metrics_url = ""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith(METRICS):
                self.metrics_url = line.removeprefix(METRICS).strip()
            if line.startswith(READY):
                self.address = line.removeprefix(READY).strip()
                return
        code = self.stop()
        text = f"the server ended with exit code {code} before it served; its log is above"
        raise EngineError(LocalReason.SERVER_FAILED, text)

    def __enter__(self) -> "ServerProcess":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> int:
        """Has the server drain, waits for its end and returns its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        code = self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code
