import threading
import weakref
from functools import partial

from posewire_server.serving.streams.dispatcher import FrameThread

PATIENCE_S = 30.0


def test_frame_threads_run_side_by_side() -> None:
    threads = [FrameThread(f"test-{number}") for number in range(3)]
    meeting = threading.Barrier(4)

    def meet() -> None:
        meeting.wait(PATIENCE_S)

    for thread in threads:
        thread.submit(meet)
    meeting.wait(PATIENCE_S)
    for thread in threads:
        thread.shutdown()


def test_frame_thread_shutdown_waits_for_every_job_and_ends_the_thread() -> None:
    before = threading.active_count()
    thread = FrameThread("test")
    done: list[int] = []
    for number in range(100):
        thread.submit(partial(done.append, number))
    thread.shutdown()
    assert done == list(range(100))
    assert threading.active_count() == before


def test_frame_thread_that_waits_keeps_no_job_alive() -> None:
    class Job:
        def __call__(self) -> None:
            ran.set()

    thread = FrameThread("test")
    ran, freed = threading.Event(), threading.Event()
    job = Job()
    weakref.finalize(job, freed.set)
    thread.submit(job)
    assert ran.wait(PATIENCE_S)
    del job
    assert freed.wait(PATIENCE_S)
    thread.shutdown()
