import itertools

import pytest
from posewire_server import skeletons
from posewire_server.skeletons import Skeleton

ALL = [found for found in vars(skeletons).values() if isinstance(found, Skeleton)]


@pytest.mark.parametrize("skeleton", ALL, ids=lambda skeleton: skeleton.name)
def test_skeleton_is_consistent(skeleton: Skeleton) -> None:
    count = len(skeleton.keypoints)
    assert len(set(skeleton.keypoints)) == count
    assert all(0 <= keypoint < count for pair in skeleton.limbs for keypoint in pair)
    assert len({frozenset(limb) for limb in skeleton.limbs}) == len(skeleton.limbs)
    assert len(skeleton.limb_lengths) in {0, len(skeleton.limbs)}


@pytest.mark.parametrize("skeleton", ALL, ids=lambda skeleton: skeleton.name)
def test_skeleton_pairs_are_of_a_right_and_a_left_keypoint(skeleton: Skeleton) -> None:
    paired = list(itertools.chain(*skeleton.symmetric_pairs))
    assert len(set(paired)) == len(paired)
    for right, left in skeleton.symmetric_pairs:
        names = skeleton.keypoints[right], skeleton.keypoints[left]
        if "right" in names[0]:
            assert names[0].replace("right", "left").split("_")[:2] == names[1].split("_")[:2]


@pytest.mark.parametrize("skeleton", ALL, ids=lambda skeleton: skeleton.name)
def test_skeleton_limbs_have_their_mirror_images(skeleton: Skeleton) -> None:
    mirror = dict(skeleton.symmetric_pairs) | {b: a for a, b in skeleton.symmetric_pairs}
    limbs = {frozenset(limb) for limb in skeleton.limbs}
    mirrored = {frozenset(mirror.get(keypoint, keypoint) for keypoint in limb) for limb in limbs}
    assert mirrored == limbs
