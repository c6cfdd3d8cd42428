import math

from posewire.heartbeat_timeout import HeartbeatTimeout


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_timeout_counts_while_the_stream_waits() -> None:
    clock = Clock()
    timeout = HeartbeatTimeout(1.0, clock)
    clock.now_s = 100.0
    assert timeout.left_s() == 3
    timeout.begin()
    clock.now_s += 2.5
    assert timeout.left_s() == 0.5
    timeout.end()
    clock.now_s += 100.0
    assert timeout.left_s() == 3
    assert timeout.error is None


def test_timeout_of_three_intervals_is_an_error() -> None:
    clock = Clock()
    timeout = HeartbeatTimeout(0.5, clock)
    timeout.begin()
    clock.now_s = 1.5
    assert timeout.left_s() == 0
    assert "for 1.5 s" in str(timeout.error)
    timeout.forget()
    assert timeout.error is None
    assert timeout.left_s() == 1.5


def test_timeout_without_heartbeats_never_comes() -> None:
    timeout = HeartbeatTimeout(None, Clock())
    timeout.begin()
    assert not timeout.is_watched
    assert timeout.left_s() == math.inf
