"""Module of this package in a child process, because it may crash, hang or alter Paddle."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from posewire_server.errors import PosewireError, Reason, find_reason


class IsolatedError(Exception):
    """A crash, hang or failure of the child, with the reason of the PosewireError that ended it."""

    def __init__(self, message: str, reason: Reason | None = None) -> None:
        super().__init__(message)
        self.reason = reason


def run_isolated(module: str, arguments: Sequence[str], timeout_s: float) -> dict[str, Any]:
    """Runs ``python -m module`` and returns what its ``answer`` computed.

    Raises:
        IsolatedError: There is no answer within the time.
    """
    command = [sys.executable, "-m", module, *arguments]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout_s
        )
    except subprocess.TimeoutExpired as error:
        raise IsolatedError(f"it did not finish within {timeout_s:g} s") from error
    if done.returncode < 0:
        raise IsolatedError(f"it crashed with signal {-done.returncode}")
    if done.returncode:
        raise IsolatedError(_last_line(done.stderr) or f"it ended with status {done.returncode}")
    line = _last_line(done.stdout)
    try:
        reply: dict[str, Any] = json.loads(line)
    except ValueError as error:
        raise IsolatedError(f"it gave no answer but {line!r}") from error
    if "reason" in reply:
        raise IsolatedError(reply["message"], find_reason(reply["reason"]))
    return reply


def answer(work: Callable[[], Mapping[str, Any]]) -> None:
    """Does the child's work and prints its result, or the PosewireError it raised, as JSON."""
    try:
        reply = work()
    except PosewireError as error:
        reply = {"reason": error.reason, "message": str(error)}
    sys.stdout.write("\n" + json.dumps(reply) + "\n")


def _last_line(text: str) -> str:
    return text.rstrip().rpartition("\n")[2]
