"""Which worker gets the next stream or call."""

from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any

import pytest
from posewire_server.errors import StreamError
from posewire_server.serving.front.backend import Backends


def backends(places: int) -> Backends:
    made = Backends()
    for place in range(places):
        backend: Any = SimpleNamespace(place=place, streams=0, calls=0, is_leaving=False)
        made.add(backend)
    return made


@pytest.mark.parametrize(("places", "streams"), [(1, 3), (2, 8), (2, 7), (3, 8), (5, 4)])
def test_backends_spread_streams_evenly(places: int, streams: int) -> None:
    made = backends(places)
    with ExitStack() as stack:
        for _ in range(streams):
            stack.enter_context(made.stream())
        counts = made.streams().values()
        assert sum(counts) == streams
        assert max(counts) - min(counts) <= 1
    assert set(made.streams().values()) == {0}


def test_backends_give_streams_that_do_not_overlap_in_turns() -> None:
    made = backends(3)
    chosen = []
    for _ in range(7):
        with made.stream() as backend:
            chosen.append(backend.place)
    assert chosen == [0, 1, 2, 0, 1, 2, 0]


def test_backends_give_a_stream_to_the_worker_that_one_has_left() -> None:
    made = backends(3)
    with ExitStack() as stack:
        opened = [stack.enter_context(ExitStack()) for _ in range(6)]
        places = [one.enter_context(made.stream()).place for one in opened]
        opened[4].close()
        with made.stream() as backend:
            assert backend.place == places[4]


def test_backends_calls_go_where_least_is_done() -> None:
    made = backends(2)
    with made.stream() as streaming, made.call() as first, made.call() as second:
        assert (streaming.place, first.place) == (0, 1)
        assert second.calls == (1 if second is streaming else 2)
    with made.stream() as one, made.call(but=one) as other:
        assert other is not one


def test_backends_calls_move_no_stream() -> None:
    made = backends(2)
    with made.call(), made.call(), made.call(), made.stream(), made.stream():
        assert list(made.streams().values()) == [1, 1]


def test_backends_give_nothing_to_a_worker_that_leaves_while_another_stays() -> None:
    made = backends(2)
    with made.stream() as leaving:
        leaving.is_leaving = True
        with made.stream() as first, made.stream() as second:
            assert first is second is not leaving
            made.remove(first.place)
            with made.call() as last:
                assert last is leaving


def test_backends_without_a_worker_say_so() -> None:
    made = backends(1)
    with made.stream() as only:
        with pytest.raises(StreamError) as raised, made.call(but=only):
            pass
        assert raised.value.reason == "WORKER_LOST"
        made.remove(0)
        with pytest.raises(StreamError), made.stream():
            pass
