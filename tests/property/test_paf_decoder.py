"""What holds for the fast decoder whatever the people."""

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st
from posewire_server.skeletons import OPENPOSE18, OPENPOSE18_PAF_CHANNELS
from posewire_server.tools.benchmarks.scenes import Scene, make_scene

from tests.benchmarks.exactness import make_decoder, score

Floats = npt.NDArray[np.float32]
DECODER = make_decoder("fast")
SEEDS = st.integers(1000, 100_000)


def _decode(scene: Scene) -> tuple[Floats, Floats]:
    maps = np.concatenate([scene.heatmaps, scene.pafs])
    return DECODER.find(maps, scene.size, scene.size)


def _mirror(scene: Scene) -> Scene:
    """The scene as in a mirror: right and left change places and fields point the other way."""
    order = np.arange(19)
    for right, left in OPENPOSE18.symmetric_pairs:
        order[[right, left]] = left, right
    limbs = [tuple(order[list(limb)]) for limb in OPENPOSE18.limbs]
    pafs = np.empty_like(scene.pafs)
    for limb, (x, y) in zip(limbs, OPENPOSE18_PAF_CHANNELS, strict=True):
        from_x, from_y = OPENPOSE18_PAF_CHANNELS[OPENPOSE18.limbs.index(limb)]
        pafs[x] = -scene.pafs[from_x, :, ::-1]
        pafs[y] = scene.pafs[from_y, :, ::-1]
    heatmaps = np.ascontiguousarray(scene.heatmaps[order, :, ::-1])
    return Scene(heatmaps, pafs, scene.points, scene.visible, scene.size)


@given(people=st.sampled_from([1, 5, 10]), seed=SEEDS)
@settings(max_examples=25, deadline=None)
def test_fast_clean_people_are_found_whole(people: int, seed: int) -> None:
    result = score(DECODER, make_scene(people, "1312", "clean", seed))
    assert result.strict >= result.people - max(1, people // 5)
    assert np.abs(result.errors).max() < 1.0


@given(seed=SEEDS)
@settings(max_examples=15, deadline=None)
def test_fast_mirrored_maps_give_mirrored_poses(seed: int) -> None:
    scene = make_scene(5, "656", "clean", seed)
    keypoints, scores = _decode(scene)
    mirrored, mirrored_scores = _decode(_mirror(scene))
    order = np.arange(18)
    for right, left in OPENPOSE18.symmetric_pairs:
        order[[right, left]] = left, right
    mirrored = mirrored[:, order]
    mirrored[:, :, 0] = scene.size[0] - mirrored[:, :, 0]
    np.testing.assert_allclose(np.sort(mirrored_scores), np.sort(scores), atol=1e-3)
    for pose in keypoints:
        distance = np.nanmax(np.abs(mirrored[:, :, :2] - pose[None, :, :2]), axis=(1, 2))
        assert distance.min() < 0.05


@given(seed=SEEDS, factor=st.floats(0.5, 1.0))
@settings(max_examples=15, deadline=None)
def test_fast_fainter_heatmaps_give_the_same_places(seed: int, factor: float) -> None:
    scene = make_scene(5, "656", "clean", seed)
    faint = Scene(
        (scene.heatmaps * factor).astype(np.float32),
        scene.pafs,
        scene.points,
        scene.visible,
        scene.size,
    )
    bright, dim = score(DECODER, scene), score(DECODER, faint)
    assert dim.strict == bright.strict


@given(seed=SEEDS)
@settings(max_examples=10, deadline=None)
def test_fast_no_peak_is_where_nothing_was_drawn(seed: int) -> None:
    scene = make_scene(20, "656", "crowd", seed)
    keypoints, scores = _decode(scene)
    assert (np.diff(scores) <= 0).all()
    for k in range(18):
        found = keypoints[:, k, :2][keypoints[:, k, 2] > 0]
        truth = scene.points[:, k]
        distance = np.linalg.norm(found[:, None] - truth[None], axis=-1).min(1, initial=np.inf)
        assert (distance < 16.0).all()
