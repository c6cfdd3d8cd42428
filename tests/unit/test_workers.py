import threading
import weakref
from functools import partial

import pytest
from posewire_server.workers import Workers

PATIENCE_S = 30.0


def test_workers_run_side_by_side() -> None:
    workers = Workers(3)
    meeting = threading.Barrier(4)

    def meet() -> None:
        meeting.wait(PATIENCE_S)

    for _ in range(3):
        workers.submit(meet)
    meeting.wait(PATIENCE_S)
    workers.shutdown()


def test_workers_shutdown_waits_for_every_job_and_ends_the_threads() -> None:
    before = threading.active_count()
    workers = Workers(2)
    done: list[int] = []
    for number in range(100):
        workers.submit(partial(done.append, number))
    workers.shutdown()
    assert sorted(done) == list(range(100))
    assert threading.active_count() == before


@pytest.mark.parametrize("count", [1, 4])
def test_workers_that_wait_keep_no_job_alive(count: int) -> None:
    class Job:
        def __call__(self) -> None:
            ran.set()

    workers = Workers(count)
    ran, freed = threading.Event(), threading.Event()
    job = Job()
    weakref.finalize(job, freed.set)
    workers.submit(job)
    assert ran.wait(PATIENCE_S)
    del job
    assert freed.wait(PATIENCE_S)
    workers.shutdown()
