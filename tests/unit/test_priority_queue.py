from posewire_server.frame import Priority
from posewire_server.inference.scheduling.priority_queue import PriorityQueue

LOW, NORMAL, HIGH = Priority


def turns(queue: PriorityQueue[str], count: int) -> str:
    """Returns the priorities of turns, after each of which the item is pushed again."""
    log = ""
    for _ in range(count):
        item = queue.peek()
        assert item is not None
        priority = {"l": LOW, "n": NORMAL, "h": HIGH}[item[0]]
        queue.remove(item, priority)
        queue.count_turn(priority)
        queue.push(item, priority)
        log += item[0]
    return log


def test_queue_first_is_the_highest_then_the_first_that_came() -> None:
    queue: PriorityQueue[str] = PriorityQueue()
    for name, priority in (("a", LOW), ("b", NORMAL), ("c", HIGH), ("d", HIGH), ("c", HIGH)):
        queue.push(name, priority)
    assert list(queue) == ["c", "d", "b", "a"]
    assert queue.peek() == "c"
    queue.remove("c", HIGH)
    assert queue.peek() == "d"
    assert len(queue) == 3


def test_queue_higher_ones_leave_one_turn_in_four() -> None:
    queue: PriorityQueue[str] = PriorityQueue()
    queue.push("h", HIGH)
    queue.push("n", NORMAL)
    assert turns(queue, 12) == "hhhnhhhnhhhn"


def test_queue_of_three_priorities_starves_nobody() -> None:
    queue: PriorityQueue[str] = PriorityQueue()
    for name, priority in (("h", HIGH), ("n", NORMAL), ("l", LOW)):
        queue.push(name, priority)
    log = turns(queue, 64)
    assert [log.count(name) for name in "hnl"] == [48, 12, 4]


def test_queue_turns_of_lower_ones_while_no_higher_waits_count() -> None:
    """So an occasional frame of high priority is always first."""
    queue: PriorityQueue[str] = PriorityQueue()
    queue.push("n", NORMAL)
    for _ in range(10):
        queue.push("h", HIGH)
        assert queue.peek() == "h"
        queue.remove("h", HIGH)
        queue.count_turn(HIGH)
        assert turns(queue, 1) == "n"


def test_queue_higher_ones_alone_lose_no_turns() -> None:
    queue: PriorityQueue[str] = PriorityQueue()
    queue.push("h", HIGH)
    assert turns(queue, 10) == "h" * 10
    queue.push("n", NORMAL)
    assert turns(queue, 4) == "hhhn"


def test_queue_first_above_a_priority_leaves_the_others_out() -> None:
    queue: PriorityQueue[str] = PriorityQueue()
    queue.push("n", NORMAL)
    assert queue.peek(above=NORMAL) is None
    queue.push("h", HIGH)
    assert queue.peek(above=NORMAL) == "h"
    assert queue.peek(above=HIGH) is None


def test_queue_cleared_has_nobody() -> None:
    queue: PriorityQueue[str] = PriorityQueue()
    queue.push("n", NORMAL)
    queue.clear()
    assert queue.peek() is None
    assert len(queue) == 0
