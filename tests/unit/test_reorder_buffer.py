import pytest
from posewire_server.outcome import Answer, Dropped, DropReason
from posewire_server.serving.streams.reorder_buffer import ReorderBuffer


def drain(buffer: ReorderBuffer[str]) -> list[object]:
    found = []
    while (pending := buffer.pop()) is not None:
        outcome = pending.outcome
        found.append(outcome.value if isinstance(outcome, Answer) else outcome)
    return found


def drop(number: int, reason: DropReason = DropReason.OVERFLOW) -> Dropped:
    return Dropped(number, number, 1, reason)


def test_buffer_in_order_holds_later_outcomes_back() -> None:
    buffer = ReorderBuffer[str](in_order=True)
    first, second, third = buffer.reserve(-1), buffer.reserve(1), buffer.reserve(2)
    buffer.resolve(third, Answer("c"))
    buffer.resolve(second, Answer("b"))
    assert buffer.pop() is None
    buffer.resolve(first, Answer("a"))
    assert drain(buffer) == ["a", "b", "c"]


def test_buffer_as_done_gives_outcomes_as_they_come() -> None:
    buffer = ReorderBuffer[str](in_order=False)
    first, second = buffer.reserve(-1), buffer.reserve(1)
    buffer.resolve(second, Answer("b"))
    assert drain(buffer) == ["b"]
    buffer.resolve(first, Answer("a"))
    assert drain(buffer) == ["a"]


def test_buffer_neighbouring_drops_become_one() -> None:
    buffer = ReorderBuffer[str](in_order=True)
    places = [buffer.reserve(previous) for previous in (-1, 3, 7, 8)]
    for place, number in zip(places, (3, 7, 8, 20), strict=True):
        buffer.resolve(place, drop(number))
    assert drain(buffer) == [Dropped(3, 20, 4, DropReason.OVERFLOW)]


def test_buffer_drops_with_a_result_between_stay_apart() -> None:
    buffer = ReorderBuffer[str](in_order=False)
    first, second, third = buffer.reserve(-1), buffer.reserve(1), buffer.reserve(2)
    buffer.resolve(first, drop(1))
    buffer.resolve(third, drop(3))
    buffer.resolve(second, Answer("b"))
    assert drain(buffer) == [drop(1), drop(3), "b"]


def test_buffer_drops_of_different_reasons_stay_apart() -> None:
    buffer = ReorderBuffer[str](in_order=True)
    buffer.resolve(buffer.reserve(-1), drop(1))
    buffer.resolve(buffer.reserve(1), drop(2, DropReason.TOO_OLD))
    assert drain(buffer) == [drop(1), drop(2, DropReason.TOO_OLD)]


def test_buffer_drop_that_was_read_is_not_joined() -> None:
    buffer = ReorderBuffer[str](in_order=True)
    buffer.resolve(buffer.reserve(-1), drop(1))
    assert drain(buffer) == [drop(1)]
    buffer.resolve(buffer.reserve(1), drop(2))
    assert drain(buffer) == [drop(2)]


@pytest.mark.parametrize("in_order", [True, False])
def test_buffer_length_counts_each_outcome_once_until_it_is_read(in_order: bool) -> None:
    buffer = ReorderBuffer[str](in_order=in_order)
    first, second = buffer.reserve(-1), buffer.reserve(1)
    assert len(buffer) == 2
    buffer.resolve(second, Answer("b"))
    assert len(buffer) == 2
    buffer.resolve(first, Answer("a"))
    assert len(buffer) == 2
    buffer.pop()
    assert len(buffer) == 1
    buffer.pop()
    assert len(buffer) == 0
