"""Downloads by a package manager: its process, its progress, and the digest of the file."""

import hashlib
import os
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from posewire_server.errors import LocalReason, WeightsError

_POLL_S: Final = 0.1

# Called with the stage (wait, download, import, check), what is done, and what there is to do.
Progress = Callable[[str, int, int], None]


def silent(_stage: str, _done: int, _total: int) -> None:
    """Shows nothing: a ``Progress`` for callers without a screen."""


def fetch(
    command: Sequence[str], folder: Path, size_bytes: int, progress: Progress
) -> subprocess.CompletedProcess[str]:
    """Runs a package manager that downloads ``size_bytes`` into a folder, to its end.

    Progress is the size of the largest file; ``stdout`` of the result has stderr as well.
    """
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
    log: str | None = None
    with process:
        try:
            while log is None:
                progress("download", min(_largest(folder), size_bytes), size_bytes)
                with suppress(subprocess.TimeoutExpired):
                    log, _ = process.communicate(timeout=_POLL_S)
        finally:
            process.kill()
    progress("download", size_bytes, size_bytes)
    return subprocess.CompletedProcess(command, process.returncode, log)


def check_digest(path: Path, sha256: str, label: str, settings: str) -> None:
    """Proves the digest of a downloaded file; the error names its label and its index's settings.

    Raises:
        WeightsError: WEIGHTS_DIGEST_MISMATCH.
    """
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != sha256:
        raise mismatch(digest, sha256, label, settings)


def mismatch(got: str, sha256: str, label: str, settings: str) -> WeightsError:
    """Returns the error for a download that is not the file that was pinned."""
    text = (
        f"the index offers a {label} with {got} where sha256 {sha256} is expected; it is not used. "
        f"Check the index or mirror ({settings})"
    )
    return WeightsError(LocalReason.WEIGHTS_DIGEST_MISMATCH, text, expected=sha256, got=got)


def _largest(folder: Path) -> int:
    sizes = [0]
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):  # It was there when the folder was listed.
                sizes.append((Path(parent) / name).stat().st_size)
    return max(sizes)
