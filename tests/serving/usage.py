"""What a process holds."""

import psutil


def usage(process: psutil.Process) -> tuple[int, int, int]:
    """Returns resident bytes, threads and open files."""
    return process.memory_info().rss, process.num_threads(), process.num_fds()
