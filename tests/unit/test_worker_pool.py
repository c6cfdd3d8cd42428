"""Which worker gets the next stream or call."""

from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any

import pytest
from posewire_server.errors import StreamError
from posewire_server.serving.front.worker_pool import WorkerPool


def pool(slots: int) -> WorkerPool:
    made = WorkerPool()
    for slot in range(slots):
        worker: Any = SimpleNamespace(slot=slot, streams=0, calls=0, is_leaving=False)
        made.add(worker)
    return made


@pytest.mark.parametrize(("slots", "streams"), [(1, 3), (2, 8), (2, 7), (3, 8), (5, 4)])
def test_pool_spread_streams_evenly(slots: int, streams: int) -> None:
    made = pool(slots)
    with ExitStack() as stack:
        for _ in range(streams):
            stack.enter_context(made.stream())
        counts = made.streams().values()
        assert sum(counts) == streams
        assert max(counts) - min(counts) <= 1
    assert set(made.streams().values()) == {0}


def test_pool_give_streams_that_do_not_overlap_in_turns() -> None:
    made = pool(3)
    chosen = []
    for _ in range(7):
        with made.stream() as worker:
            chosen.append(worker.slot)
    assert chosen == [0, 1, 2, 0, 1, 2, 0]


def test_pool_give_a_stream_to_the_worker_that_one_has_left() -> None:
    made = pool(3)
    with ExitStack() as stack:
        opened = [stack.enter_context(ExitStack()) for _ in range(6)]
        slots = [one.enter_context(made.stream()).slot for one in opened]
        opened[4].close()
        with made.stream() as worker:
            assert worker.slot == slots[4]


def test_pool_calls_go_where_least_is_done() -> None:
    made = pool(2)
    with made.stream() as streaming, made.call() as first, made.call() as second:
        assert (streaming.slot, first.slot) == (0, 1)
        assert second.calls == (1 if second is streaming else 2)
    with made.stream() as one, made.call(but=one) as other:
        assert other is not one


def test_pool_calls_move_no_stream() -> None:
    made = pool(2)
    with made.call(), made.call(), made.call(), made.stream(), made.stream():
        assert list(made.streams().values()) == [1, 1]


def test_pool_give_nothing_to_a_worker_that_leaves_while_another_stays() -> None:
    made = pool(2)
    with made.stream() as leaving:
        leaving.is_leaving = True
        with made.stream() as first, made.stream() as second:
            assert first is second is not leaving
            made.remove(first.slot)
            with made.call() as last:
                assert last is leaving


def test_pool_without_a_worker_say_so() -> None:
    made = pool(1)
    with made.stream() as only:
        with pytest.raises(StreamError) as raised, made.call(but=only):
            pass
        assert raised.value.reason == "WORKER_LOST"
        made.remove(0)
        with pytest.raises(StreamError), made.stream():
            pass
