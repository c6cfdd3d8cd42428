import math

from posewire.silence import Silence


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_silence_is_counted_while_somebody_listens() -> None:
    clock = Clock()
    silence = Silence(1.0, clock)
    clock.now_s = 100.0
    assert silence.left_s() == 3
    silence.begin()
    clock.now_s += 2.5
    assert silence.left_s() == 0.5
    silence.end()
    clock.now_s += 100.0
    assert silence.left_s() == 3
    assert silence.error is None


def test_silence_of_three_intervals_is_an_error() -> None:
    clock = Clock()
    silence = Silence(0.5, clock)
    silence.begin()
    clock.now_s = 1.5
    assert silence.left_s() == 0
    assert "for 1.5 s" in str(silence.error)
    silence.forget()
    assert silence.error is None
    assert silence.left_s() == 1.5


def test_silence_without_heartbeats_lasts() -> None:
    silence = Silence(None, Clock())
    silence.begin()
    assert not silence.is_watched
    assert silence.left_s() == math.inf
