"""Threads that run jobs one after the other; a bare queue beside ThreadPoolExecutor's futures.

Handing a job over and hearing of its end takes half the time that way, and that is most of what
serving adds to a small frame.
"""

import threading
from collections.abc import Callable
from queue import SimpleQueue


class Workers:
    """``count`` threads; jobs must not raise."""

    def __init__(self, count: int) -> None:
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._threads = [
            threading.Thread(target=self._run, name=f"posewire-worker-{number}", daemon=True)
            for number in range(count)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, job: Callable[[], None]) -> None:
        """Has a thread run ``job`` when one is free."""
        self._jobs.put(job)

    def shutdown(self) -> None:
        """Waits until all jobs have run and the threads have ended."""
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
            del job  # a thread that waits keeps no frame alive
