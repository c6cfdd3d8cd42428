"""What a process holds: memory, threads, files and children."""

import time
from dataclasses import dataclass

import psutil

_SETTLING_S = 10.0


@dataclass(frozen=True)
class Footprint:
    """What a process holds at one moment.

    Attributes:
        memory_mib: Resident memory in MiB.
        threads: Its threads.
        files: Its open file descriptors.
        children: Processes it has started, and theirs.
    """

    memory_mib: float
    threads: int
    files: int
    children: int


def footprint(pid: int) -> Footprint:
    """Returns what a process holds now."""
    process = psutil.Process(pid)
    return Footprint(
        memory_mib=process.memory_info().rss / 2**20,
        threads=process.num_threads(),
        files=process.num_fds(),
        children=len(process.children(recursive=True)),
    )


def settled_footprint(pid: int, before: Footprint) -> Footprint:
    """Returns what a process holds once it has closed what closes in its own time.

    Args:
        pid: The process.
        before: What it held before; it has settled once it holds no more threads and files.
    """
    end_s = time.monotonic() + _SETTLING_S
    while time.monotonic() < end_s:
        now = footprint(pid)
        if now.threads <= before.threads and now.files <= before.files:
            break
        time.sleep(0.05)
    return footprint(pid)
