import pytest
from posewire_server.outcome import Dropped, DropReason
from posewire_server.serving.streams.outbox import Outbox


def drain(outbox: Outbox) -> list[object]:
    found = []
    while (owed := outbox.pop()) is not None:
        found.append(owed.outcome)
    return found


def drop(number: int, reason: DropReason = DropReason.OVERFLOW) -> Dropped:
    return Dropped(number, number, 1, reason)


def test_outbox_in_order_holds_later_outcomes_back() -> None:
    outbox = Outbox(in_order=True)
    first, second, third = outbox.owe(-1), outbox.owe(1), outbox.owe(2)
    outbox.resolve(third, "c")
    outbox.resolve(second, "b")
    assert outbox.pop() is None
    outbox.resolve(first, "a")
    assert drain(outbox) == ["a", "b", "c"]


def test_outbox_as_done_gives_outcomes_as_they_come() -> None:
    outbox = Outbox(in_order=False)
    first, second = outbox.owe(-1), outbox.owe(1)
    outbox.resolve(second, "b")
    assert drain(outbox) == ["b"]
    outbox.resolve(first, "a")
    assert drain(outbox) == ["a"]


def test_outbox_neighbouring_drops_become_one() -> None:
    outbox = Outbox(in_order=True)
    places = [outbox.owe(previous) for previous in (-1, 3, 7, 8)]
    for place, number in zip(places, (3, 7, 8, 20), strict=True):
        outbox.resolve(place, drop(number))
    assert drain(outbox) == [Dropped(3, 20, 4, DropReason.OVERFLOW)]


def test_outbox_drops_with_a_result_between_stay_apart() -> None:
    outbox = Outbox(in_order=False)
    first, second, third = outbox.owe(-1), outbox.owe(1), outbox.owe(2)
    outbox.resolve(first, drop(1))
    outbox.resolve(third, drop(3))
    outbox.resolve(second, "b")
    assert drain(outbox) == [drop(1), drop(3), "b"]


def test_outbox_drops_of_different_reasons_stay_apart() -> None:
    outbox = Outbox(in_order=True)
    outbox.resolve(outbox.owe(-1), drop(1))
    outbox.resolve(outbox.owe(1), drop(2, DropReason.TOO_OLD))
    assert drain(outbox) == [drop(1), drop(2, DropReason.TOO_OLD)]


def test_outbox_drop_that_was_read_is_not_joined() -> None:
    outbox = Outbox(in_order=True)
    outbox.resolve(outbox.owe(-1), drop(1))
    assert drain(outbox) == [drop(1)]
    outbox.resolve(outbox.owe(1), drop(2))
    assert drain(outbox) == [drop(2)]


@pytest.mark.parametrize("in_order", [True, False])
def test_outbox_length_counts_each_outcome_once_until_it_is_read(in_order: bool) -> None:
    outbox = Outbox(in_order=in_order)
    first, second = outbox.owe(-1), outbox.owe(1)
    assert len(outbox) == 2
    outbox.resolve(second, "b")
    assert len(outbox) == 2
    outbox.resolve(first, "a")
    assert len(outbox) == 2
    outbox.pop()
    assert len(outbox) == 1
    outbox.pop()
    assert len(outbox) == 0
