import heapq
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from posewire_server.serving.streams.credit_window import BUSY, FRESH, CreditWindow, WindowLimits


@dataclass
class Line:
    """A stream that is worked on by threads of its own, in a time of its own.

    Attributes:
        most: Frames that may be unanswered.
        window: Of the stream.
        threads: Frames worked on at once.
        service_s: How long one takes.
        trip_s: From an answer until the frame that it makes room for.
    """

    most: int
    window: CreditWindow
    threads: int
    service_s: float
    trip_s: float
    waiting: list[float] = field(default_factory=list)
    events: list[tuple[float, int, str, float]] = field(default_factory=list)
    at_s: float = 0.0
    running: int = 0
    in_flight: int = 0
    on_the_way: int = 0
    answered: int = 0
    waits_s: list[float] = field(default_factory=list)

    def run(self, frames: int) -> None:
        self.send()
        while self.answered < frames:
            self.at_s, _, kind, arrived_s = heapq.heappop(self.events)
            if kind == "arrival":
                self.on_the_way -= 1
                self.in_flight += 1
                self.waiting.append(self.at_s)
                self.window.note_arrival(self.at_s)
            else:
                self.running -= 1
                self.answered += 1
                self.window.note_answer(arrived_s, self.service_s)
            self.work()
            if kind == "answer":
                self.in_flight -= 1
                self.window.note_told(self.in_flight)
                self.send()

    def send(self) -> None:
        """Sends as many frames as the last credit says; more than ``most`` are never unanswered."""
        room = self.most - self.in_flight - self.on_the_way
        for _ in range(min(self.window.size - self.in_flight, room)):
            self.on_the_way += 1
            self.happens("arrival", self.trip_s, 0.0)

    def work(self) -> None:
        while self.running < self.threads:
            if not self.waiting:
                self.window.note_starved(self.at_s)
                return
            waited_s = self.at_s - self.waiting.pop(0)
            self.waits_s.append(waited_s)
            self.running += 1
            self.happens("answer", self.service_s, waited_s)

    def happens(self, kind: str, in_s: float, value: float) -> None:
        heapq.heappush(self.events, (self.at_s + in_s, len(self.waits_s), kind, value))


def line(
    most: int,
    limits: WindowLimits,
    threads: int = 1,
    service_s: float = 1.0,
    trip_s: float = 0.01,
) -> Line:
    return Line(most, CreditWindow(most, limits), threads, service_s, trip_s)


def test_window_begins_with_one_in_work_and_one_on_its_way() -> None:
    assert [CreditWindow(most, BUSY).size for most in (1, 2, 16)] == [1, 2, 2]


def test_window_of_a_live_stream_begins_with_one() -> None:
    assert [CreditWindow(most, FRESH).size for most in (1, 2, 16)] == [1, 1, 1]


def test_window_of_a_live_stream_forgets_a_hiccup() -> None:
    window = CreditWindow(2, FRESH)
    for at_s in range(50):
        window.note_arrival(at_s + (0.5 if at_s == 20 else 0.01))
        window.note_answer(0.0, 0.99)
        window.note_told(0)
        window.note_starved(at_s + 1.0)
    assert window.size == 1


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_window_of_a_busy_stream_keeps_every_thread_at_work(threads: int) -> None:
    it = line(16, BUSY, threads)
    it.run(200)
    assert threads < it.window.size <= 2 * threads
    assert it.answered / it.at_s > 0.95 * threads


def test_window_of_a_live_stream_prefers_fresh_answers_to_a_short_pause() -> None:
    it = line(16, FRESH, trip_s=0.02)
    it.run(200)
    assert it.window.size == 1
    assert max(it.waits_s[50:]) == 0


def test_window_of_a_live_stream_far_away_does_not_let_the_server_idle() -> None:
    it = line(16, FRESH, trip_s=0.5)
    it.run(200)
    assert it.window.size == 2
    assert it.answered / it.at_s > 0.95


def test_window_far_away_holds_what_is_on_the_way_too() -> None:
    it = line(16, BUSY, trip_s=3.0)
    it.run(400)
    before, at_s = it.answered, it.at_s
    it.run(600)
    assert (it.answered - before) / (it.at_s - at_s) > 0.9


def test_window_shrinks_when_frames_wait_behind_others() -> None:
    window = CreditWindow(16, BUSY)
    for at_s in range(20):
        window.note_arrival(at_s + 0.5)
        window.note_told(window.size - 1)
        window.note_starved(at_s + 0.7)
    assert window.size == 16
    for _ in range(200):
        window.note_answer(waited_s=3.0, service_s=1.0)
    assert window.size == 1


def test_window_of_a_slow_source_stays() -> None:
    window = CreditWindow(16, BUSY)
    for at_s in range(0, 100, 2):
        window.note_arrival(at_s)
        window.note_answer(waited_s=0.0, service_s=1.0)
        window.note_starved(at_s + 1.0)
        window.note_told(0)
    assert window.size == 2


@settings(derandomize=True, deadline=None)
@given(
    most=st.integers(1, 16),
    limits=st.sampled_from([BUSY, FRESH]),
    events=st.lists(st.tuples(st.sampled_from("sabt"), st.floats(0, 10), st.integers(0, 20))),
)
def test_window_is_never_beyond_its_ends(
    most: int, limits: WindowLimits, events: list[tuple[str, float, int]]
) -> None:
    window, at_s = CreditWindow(most, limits), 0.0
    for kind, number, in_flight in events:
        at_s += number
        if kind == "s":
            window.note_starved(at_s)
        elif kind == "a":
            window.note_arrival(at_s)
        elif kind == "t":
            window.note_told(in_flight)
        else:
            window.note_answer(number, in_flight / 10)
        assert 1 <= window.size <= most


@settings(derandomize=True, deadline=None, max_examples=50)
@given(
    most=st.integers(1, 16),
    threads=st.integers(1, 4),
    service_s=st.floats(0.001, 10),
    trips=st.floats(0, 2),
)
def test_window_settles_and_keeps_the_threads_at_work(
    most: int, threads: int, service_s: float, trips: float
) -> None:
    it = line(most, BUSY, threads, service_s, trips * service_s)
    it.run(300)
    size, answered, at_s = it.window.size, it.answered, it.at_s
    it.run(600)
    assert abs(it.window.size - size) <= 1
    reachable = min(threads, most / (1 + trips))
    assert (it.answered - answered) / (it.at_s - at_s) * service_s >= 0.85 * reachable
