from posewire_server.frame import Priority
from posewire_server.inference.scheduling.priority_queue import PriorityQueue

LOW, NORMAL, HIGH = Priority


def turns(line: PriorityQueue[str], count: int) -> str:
    """Returns who had the turns when all get in line again after theirs."""
    log = ""
    for _ in range(count):
        item = line.first()
        assert item is not None
        priority = {"l": LOW, "n": NORMAL, "h": HIGH}[item[0]]
        line.remove(item, priority)
        line.note_turn(priority)
        line.add(item, priority)
        log += item[0]
    return log


def test_line_first_is_the_highest_then_the_first_that_came() -> None:
    line: PriorityQueue[str] = PriorityQueue()
    for name, priority in (("a", LOW), ("b", NORMAL), ("c", HIGH), ("d", HIGH), ("c", HIGH)):
        line.add(name, priority)
    assert list(line) == ["c", "d", "b", "a"]
    assert line.first() == "c"
    line.remove("c", HIGH)
    assert line.first() == "d"
    assert len(line) == 3


def test_line_higher_ones_leave_one_turn_in_four() -> None:
    line: PriorityQueue[str] = PriorityQueue()
    line.add("h", HIGH)
    line.add("n", NORMAL)
    assert turns(line, 12) == "hhhnhhhnhhhn"


def test_line_of_three_priorities_starves_nobody() -> None:
    line: PriorityQueue[str] = PriorityQueue()
    for name, priority in (("h", HIGH), ("n", NORMAL), ("l", LOW)):
        line.add(name, priority)
    log = turns(line, 64)
    assert [log.count(name) for name in "hnl"] == [48, 12, 4]


def test_line_turns_of_lower_ones_while_no_higher_waits_count() -> None:
    """So a stream now and then of high priority is always first."""
    line: PriorityQueue[str] = PriorityQueue()
    line.add("n", NORMAL)
    for _ in range(10):
        line.add("h", HIGH)
        assert line.first() == "h"
        line.remove("h", HIGH)
        line.note_turn(HIGH)
        assert turns(line, 1) == "n"


def test_line_higher_ones_alone_lose_no_turns() -> None:
    line: PriorityQueue[str] = PriorityQueue()
    line.add("h", HIGH)
    assert turns(line, 10) == "h" * 10
    line.add("n", NORMAL)
    assert turns(line, 4) == "hhhn"


def test_line_first_above_a_priority_leaves_the_others_out() -> None:
    line: PriorityQueue[str] = PriorityQueue()
    line.add("n", NORMAL)
    assert line.first(above=NORMAL) is None
    line.add("h", HIGH)
    assert line.first(above=NORMAL) == "h"
    assert line.first(above=HIGH) is None


def test_line_cleared_has_nobody() -> None:
    line: PriorityQueue[str] = PriorityQueue()
    line.add("n", NORMAL)
    line.clear()
    assert line.first() is None
    assert len(line) == 0
