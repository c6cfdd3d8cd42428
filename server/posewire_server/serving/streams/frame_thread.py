"""A thread that runs jobs one after the other; a bare queue beside ThreadPoolExecutor's futures.

Handing a job over and hearing of its end takes half the time that way, and that is most of what
serving adds to a small frame.
"""

import threading
from collections.abc import Callable
from queue import SimpleQueue


class FrameThread:
    """One thread; its jobs must not raise."""

    def __init__(self, name: str) -> None:
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, job: Callable[[], None]) -> None:
        """Has the thread run ``job`` after those before it."""
        self._jobs.put(job)

    def shutdown(self) -> None:
        """Waits until all jobs have run and the thread has ended."""
        self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
            del job  # a thread that waits keeps no frame alive
