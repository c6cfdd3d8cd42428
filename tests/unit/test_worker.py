import threading
import weakref
from functools import partial

from posewire_server.worker import Worker

PATIENCE_S = 30.0


def test_workers_run_side_by_side() -> None:
    workers = [Worker(f"test-{number}") for number in range(3)]
    meeting = threading.Barrier(4)

    def meet() -> None:
        meeting.wait(PATIENCE_S)

    for worker in workers:
        worker.submit(meet)
    meeting.wait(PATIENCE_S)
    for worker in workers:
        worker.shutdown()


def test_worker_shutdown_waits_for_every_job_and_ends_the_thread() -> None:
    before = threading.active_count()
    worker = Worker("test")
    done: list[int] = []
    for number in range(100):
        worker.submit(partial(done.append, number))
    worker.shutdown()
    assert done == list(range(100))
    assert threading.active_count() == before


def test_worker_that_waits_keeps_no_job_alive() -> None:
    class Job:
        def __call__(self) -> None:
            ran.set()

    worker = Worker("test")
    ran, freed = threading.Event(), threading.Event()
    job = Job()
    weakref.finalize(job, freed.set)
    worker.submit(job)
    assert ran.wait(PATIENCE_S)
    del job
    assert freed.wait(PATIENCE_S)
    worker.shutdown()
