"""When a stream's picture is searched again."""

import numpy as np
from posewire_server.inference.estimators.regions_of_interest import RegionsOfInterest
from posewire_server.inference.preprocess.crop import Crop


def due_frames(regions: RegionsOfInterest, count: int) -> list[int]:
    return [frame for frame in range(count) if regions.tick()]


def test_regions_is_due_on_the_first_frame_and_once_a_second_of_video() -> None:
    assert due_frames(RegionsOfInterest(), 91) == [0, 30, 60, 90]


def test_regions_after_a_loss_is_due_soon_and_then_as_before() -> None:
    regions = RegionsOfInterest()
    due_frames(regions, 10)
    regions.lose()
    assert due_frames(regions, 40) == [4, 34]


def test_regions_losing_often_is_not_put_off() -> None:
    regions = RegionsOfInterest()
    regions.tick()
    due = []
    for frame in range(20):
        regions.lose()
        if regions.tick():
            due.append(frame)
    assert due == [4, 9, 14, 19]


def test_regions_of_a_new_frame_have_no_ids_until_they_are_tracked() -> None:
    regions = RegionsOfInterest()
    regions.renew((Crop((1, 1), (2, 2)), Crop((5, 5), (2, 2))))
    regions.ids = np.array([7, 9])
    regions.renew(regions.crops[1:])
    assert regions.ids.tolist() == [0]
