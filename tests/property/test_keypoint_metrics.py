import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from posewire_server.tools.evaluation.distance import match
from posewire_server.tools.evaluation.keypoint_metrics import (
    area_under_pck,
    mean_distance,
    nme,
    pck,
)

Array = npt.NDArray[np.float64]
LENGTHS = st.one_of(
    st.floats(0, 10, allow_subnormal=False), st.sampled_from([float("nan"), float("inf")])
)
DISTANCES = st.integers(1, 5).flatmap(lambda n: arrays(np.float64, (n, 6), elements=LENGTHS))
POINTS = st.integers(0, 4).flatmap(
    lambda n: arrays(np.float64, (n, 3, 2), elements=st.floats(0, 99))
)


@given(DISTANCES, st.floats(0.01, 5), st.floats(1.01, 3))
def test_pck_rises_with_the_threshold(distances: Array, threshold: float, factor: float) -> None:
    low, high = pck(distances, threshold), pck(distances, threshold * factor)
    assert np.isnan([low, high]).all() or 0 <= low <= high <= 1


@given(DISTANCES, st.sampled_from([0.25, 0.5, 2.0, 4.0]), st.floats(0.01, 5))
def test_shares_do_not_depend_on_the_unit(distances: Array, unit: float, threshold: float) -> None:
    for share in (pck, area_under_pck):
        expected = share(distances, threshold)
        assert share(distances * unit, threshold * unit) == pytest.approx(expected, nan_ok=True)


@given(DISTANCES, st.floats(0.1, 10))
def test_means_grow_with_the_unit(distances: Array, unit: float) -> None:
    for mean in (nme, mean_distance):
        expected = mean(distances) * unit
        assert mean(distances * unit) == pytest.approx(expected, nan_ok=True)


@given(DISTANCES, st.floats(0.01, 5))
def test_area_lies_under_the_curve(distances: Array, highest: float) -> None:
    area, share = area_under_pck(distances, highest), pck(distances, highest)
    assert np.isnan([area, share]).all() or 0 <= area <= share + 1e-12


@given(DISTANCES, st.randoms(use_true_random=False))
def test_figures_do_not_depend_on_the_order(distances: Array, random: object) -> None:
    shuffled = distances[np.argsort([random.random() for _ in distances])]  # type: ignore[attr-defined]
    assert pck(shuffled, 0.5) == pytest.approx(pck(distances, 0.5), nan_ok=True)
    assert nme(shuffled) == pytest.approx(nme(distances), nan_ok=True)


@given(POINTS, POINTS)
def test_match_gives_each_pose_to_one_instance(labelled: Array, found: Array) -> None:
    matches = match(labelled, found)
    used = matches[matches >= 0].tolist()
    assert len(matches) == len(labelled)
    assert len(set(used)) == len(used)
    assert all(pose < len(found) for pose in used)


@given(POINTS.filter(len), st.integers(0, 2**32 - 1))
def test_match_finds_the_labels_again_in_any_order(labelled: Array, seed: int) -> None:
    apart = labelled + 200.0 * np.arange(len(labelled))[:, None, None]
    order = np.random.default_rng(seed).permutation(len(apart))
    np.testing.assert_array_equal(apart[order][match(apart, apart[order])], apart)
