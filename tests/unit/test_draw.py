from dataclasses import replace

import numpy as np
import pytest
from posewire_server.pose import Poses
from posewire_server.skeletons import OPENPOSE18, WHOLEBODY128, Skeleton
from posewire_server.tools.media.draw import chain_colours, draw_poses, find_chains

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
    assert tuple(drawn[400, 400].tolist()) == chain_colours(1)[0]


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


@pytest.mark.parametrize("count", [0, 1, 7, 20, 40])
def test_chain_colours_are_distinct(count: int) -> None:
    assert len(set(chain_colours(count))) == count


def test_chains_end_where_limbs_fork() -> None:
    skeleton = Skeleton("y", tuple("abcdef"), ((0, 1), (1, 2), (2, 3), (2, 4), (4, 5)), ())
    assert find_chains(skeleton) == (((0, 1), (1, 2)), ((2, 3),), ((2, 4), (4, 5)))


def test_chains_join_limbs_that_are_listed_apart() -> None:
    skeleton = Skeleton("line", tuple("abcd"), ((0, 1), (2, 3), (1, 2)), ())
    assert [sorted(chain) for chain in find_chains(skeleton)] == [[(0, 1), (1, 2), (2, 3)]]


def test_chains_ring_is_one() -> None:
    skeleton = Skeleton("ring", tuple("abc"), ((0, 1), (1, 2), (2, 0)), ())
    assert len(find_chains(skeleton)) == 1


@pytest.mark.parametrize("skeleton", [OPENPOSE18, WHOLEBODY128], ids=lambda it: it.name)
def test_chains_of_a_body_are_its_parts_without_what_follows_no_bone(skeleton: Skeleton) -> None:
    chains = find_chains(skeleton)
    names = [{skeleton.keypoints[k] for bone in chain for k in bone} for chain in chains]
    assert any({"neck", "right_shoulder", "right_elbow", "right_wrist"} <= part for part in names)
    assert {"neck", "left_hip", "left_knee", "left_ankle"} in names
    assert {"nose", "left_eye", "left_ear"} in names


def widths(length: float) -> int:
    """Pixels across the middle of a limb of this length."""
    image = np.zeros((800, 800, 3), np.uint8)
    drawn = draw_poses(image, pair_of((50.5, 400.5, 1), (50.5 + length, 400.5, 1)), PAIR)
    return int(drawn[:, 50 + round(length / 2)].any(axis=1).sum())


def test_draw_longer_limbs_are_thicker_up_to_a_bound() -> None:
    assert widths(16) < widths(30) < widths(60) == widths(600)


def test_draw_vertices_on_no_line_are_as_fine_as_the_finest_line() -> None:
    mesh = Skeleton("mesh", tuple("abcde"), ((0, 1), (2, 3)), ())
    places = (100.5, 400.5), (300.5, 400.5), (400.5, 400.5), (420.5, 400.5), (600.5, 400.5)
    image = np.zeros((800, 800, 3), np.uint8)
    drawn = draw_poses(image, pair_of(*((x, y, 1) for x, y in places)), mesh).any(axis=2)
    coarse, fine, alone = (int(drawn[:, x].sum()) for x in (100, 400, 600))
    assert 0 < alone <= fine < coarse


def test_draw_crowded_keypoints_leave_out_their_dots() -> None:
    image = np.zeros((800, 800, 3), np.uint8)
    drawn = draw_poses(image, pair_of((400.5, 400.5, 1), (403.5, 400.5, 1)), PAIR)
    assert drawn.any()
    assert not (drawn == 255).all(axis=2).any()


def test_draw_filled_in_is_finer_than_found() -> None:
    image, poses = np.zeros((800, 800, 3), np.uint8), pair_of((100, 400, 1), (700, 400, 1))
    found = draw_poses(image, poses, PAIR)
    poses = replace(poses, interpolated=np.array([[False, True]]))
    filled = draw_poses(image, poses, PAIR)
    assert 0 < filled[:, 400].any(1).sum() < found[:, 400].any(1).sum()
    assert not filled[380:395, 695:705].any()


def test_draw_ids_stand_above_and_differ() -> None:
    image, poses = np.zeros((400, 400, 3), np.uint8), pair_of((200, 200, 1), (200, 300, 1))
    drawn = [draw_poses(image, replace(poses, ids=np.array([n])), PAIR) for n in (1, 2)]
    assert all(picture[150:190].any() for picture in drawn)
    assert (drawn[0] != drawn[1]).any()
    assert not draw_poses(image, poses, PAIR)[150:190].any()


def test_draw_id_of_who_has_no_keypoint_is_left_out() -> None:
    nowhere = pair_of((np.nan, np.nan, 0), (np.nan, np.nan, 0))
    image = np.zeros((40, 40, 3), np.uint8)
    assert not draw_poses(image, replace(nowhere, ids=np.array([0])), PAIR).any()
