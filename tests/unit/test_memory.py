"""When a stream's picture is searched again, and which ids its instances get."""

from posewire_server.inference.estimators.regions_of_interest import RegionsOfInterest


def due_frames(memory: RegionsOfInterest, count: int) -> list[int]:
    return [frame for frame in range(count) if memory.tick()]


def test_memory_is_due_on_the_first_frame_and_once_a_second_of_video() -> None:
    assert due_frames(RegionsOfInterest(), 91) == [0, 30, 60, 90]


def test_memory_after_a_loss_is_due_soon_and_then_as_before() -> None:
    memory = RegionsOfInterest()
    due_frames(memory, 10)
    memory.lose()
    assert due_frames(memory, 40) == [4, 34]


def test_memory_losing_often_is_not_put_off() -> None:
    memory = RegionsOfInterest()
    memory.tick()
    due = []
    for frame in range(20):
        memory.lose()
        if memory.tick():
            due.append(frame)
    assert due == [4, 9, 14, 19]


def test_memory_gives_no_id_twice() -> None:
    memory = RegionsOfInterest()
    assert memory.new_ids(2) == [1, 2]
    assert memory.new_ids(0) == []
    assert memory.new_ids(1) == [3]
