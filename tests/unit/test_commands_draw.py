import numpy as np
import pytest
from posewire_server.draw import draw_poses, limb_colours
from posewire_server.pose import Poses
from posewire_server.skeletons import OPENPOSE18, Skeleton

PAIR = Skeleton("pair", ("a", "b"), ((0, 1),), ())


def pair_of(*points: tuple[float, float, float]) -> Poses:
    return Poses(np.array([points], np.float32), np.ones(1, np.float32))


def test_draw_leaves_the_image_as_it_was() -> None:
    image = np.zeros((40, 40, 3), np.uint8)
    image.setflags(write=False)
    drawn = draw_poses(image, pair_of((5, 5, 1), (30, 30, 1)), PAIR)
    assert drawn.any()
    assert not image.any()


def test_draw_accepts_a_view_with_reversed_channels() -> None:
    image = np.zeros((40, 40, 3), np.uint8)[::-1, :, ::-1]
    assert draw_poses(image, pair_of((5, 5, 1), (30, 30, 1)), PAIR).any()


def test_draw_without_poses_returns_an_equal_image() -> None:
    image = np.full((20, 20, 3), 7, np.uint8)
    nobody = Poses(np.zeros((0, 2, 3), np.float32), np.zeros(0, np.float32))
    np.testing.assert_array_equal(draw_poses(image, nobody, PAIR), image)


def test_draw_limb_has_its_colour_halfway() -> None:
    image = np.zeros((800, 800, 3), np.uint8)
    drawn = draw_poses(image, pair_of((20.5, 400.5, 1), (780.5, 400.5, 1)), PAIR)
    assert tuple(drawn[400, 400].tolist()) == limb_colours(1)[0]


def test_draw_limb_with_a_missing_end_is_left_out() -> None:
    image = np.zeros((200, 200, 3), np.uint8)
    drawn = draw_poses(image, pair_of((20.5, 100.5, 1), (np.nan, np.nan, 0)), PAIR)
    assert drawn[100, 20].any()
    assert not drawn[:, 100:].any()


def test_draw_keypoint_is_centred_on_its_pixel() -> None:
    image = np.zeros((41, 41, 3), np.uint8)
    drawn = draw_poses(image, pair_of((20.5, 20.5, 1), (np.nan, np.nan, 0)), PAIR)
    np.testing.assert_allclose(drawn.astype(int), drawn[::-1].astype(int), atol=16)
    np.testing.assert_allclose(drawn.astype(int), drawn[:, ::-1].astype(int), atol=16)
    assert drawn[20, 20].tolist() == [255, 255, 255]


def test_draw_far_outside_the_image_changes_nothing() -> None:
    image = np.zeros((20, 20, 3), np.uint8)
    drawn = draw_poses(image, pair_of((-1e4, -1e4, 1), (-1e4, -2e4, 1)), PAIR)
    assert not drawn.any()


@pytest.mark.parametrize("count", [0, 1, len(OPENPOSE18.limbs), 60])
def test_limb_colours_are_distinct(count: int) -> None:
    assert len(set(limb_colours(count))) == count
