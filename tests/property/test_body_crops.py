"""Crops around bodies and their parts move, grow and turn with the body."""

import math

import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st
from posewire_server.inference.estimators.blazepose import body_crop
from posewire_server.inference.estimators.person_scale import person_crop
from posewire_server.inference.estimators.whole_body import face_crop, hand_crops
from posewire_server.inference.preprocess.crop import Crop
from posewire_server.skeletons import OPENPOSE18

Points = npt.NDArray[np.float64]

seeds = st.integers(0, 2**32 - 1)
scales = st.floats(1, 20)
shifts = st.tuples(st.floats(-500, 500), st.floats(-500, 500))
turns = st.floats(-math.pi, math.pi)


def body(seed: int, missing: float) -> Points:
    """Returns (18, 2): keypoints anywhere, some of them not found."""
    rng = np.random.default_rng(seed)
    points = rng.uniform(100, 300, (18, 2))
    points[rng.random(18) < missing] = np.nan
    return points


def crops_of(points: Points) -> list[Crop | None]:
    return [person_crop(points, OPENPOSE18), *hand_crops(points), face_crop(points)]


@given(seeds, st.sampled_from([0.0, 0.2, 0.6, 1.0]))
def test_crops_are_finite_and_large_enough_or_none(seed: int, missing: float) -> None:
    for crop in crops_of(body(seed, missing)):
        if crop is not None:
            assert np.isfinite([*crop.centre, *crop.size, crop.rotation]).all()
            assert min(crop.size) > 0


@given(seeds, scales, shifts)
def test_crops_move_and_grow_with_the_body(
    seed: int, scale: float, shift: tuple[float, float]
) -> None:
    points = body(seed, 0.2)
    for before, after in zip(crops_of(points), crops_of(points * scale + shift), strict=True):
        assert (before is None) <= (after is None or scale > 1)
        if before is None or after is None:
            continue
        np.testing.assert_allclose(after.size, np.multiply(before.size, scale), rtol=1e-6)
        moved = np.multiply(before.centre, scale) + shift
        np.testing.assert_allclose(after.centre, moved, rtol=1e-6, atol=1e-6)
        turned = math.remainder(after.rotation - before.rotation, 2 * math.pi)
        assert abs(turned) < 1e-6


@given(seeds, turns)
def test_turned_crops_turn_with_the_body(seed: int, turn: float) -> None:
    points = body(seed, 0.2)
    matrix = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    rotated = points @ matrix.T
    pairs = [
        *zip(hand_crops(points), hand_crops(rotated), strict=True),
        (face_crop(points), face_crop(rotated)),
        (
            body_crop(np.float32([9, 9]), np.float32([40, 70])),
            body_crop(*np.float32(np.array([[9, 9], [40, 70]]) @ matrix.T)),
        ),
    ]
    for before, after in pairs:
        assert (before is None) == (after is None)
        if before is not None and after is not None:
            np.testing.assert_allclose(after.size, before.size, rtol=1e-5)
            np.testing.assert_allclose(after.centre, matrix @ before.centre, atol=1e-3)
            turned = math.remainder(after.rotation - before.rotation - turn, 2 * math.pi)
            assert abs(turned) < 1e-4


@given(seeds, st.sampled_from([0.0, 0.3]))
def test_person_crop_holds_every_keypoint(seed: int, missing: float) -> None:
    points = body(seed, missing)
    crop = person_crop(points, OPENPOSE18)
    if crop is not None:
        unit = crop.to_unit(points[np.isfinite(points[:, 0])])
        assert ((unit > 0) & (unit < 1)).all()
