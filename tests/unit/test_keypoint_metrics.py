import numpy as np
import pytest
from posewire_server.tools.evaluation.keypoint_metrics import (
    area_under_pck,
    ced_curve,
    errors_of_instances,
    mean_distance,
    nme,
    pck,
    pck_curve,
)

MISSING = np.inf
UNLABELLED = np.nan

# Of eight labelled keypoints two are below .1, four below .2; two instances, one half found.
DISTANCES = np.array(
    [
        (0.05, 0.1, 0.15, 0.2, UNLABELLED),
        (0.0, 0.3, MISSING, MISSING, UNLABELLED),
    ]
)
NOTHING = np.full((2, 3), UNLABELLED)
NOT_FOUND = np.full((2, 3), MISSING)


@pytest.mark.parametrize(
    ("threshold", "share"), [(0.0, 0), (0.1, 2 / 8), (0.2, 4 / 8), (0.21, 5 / 8), (9.0, 6 / 8)]
)
def test_pck_is_the_share_below_the_threshold(threshold: float, share: float) -> None:
    assert pck(DISTANCES, threshold) == share


def test_area_under_pck_is_the_mean_over_thresholds() -> None:
    by_hand = (0.75 + 0.5 + 0.25 + 0 + 1 + 0 + 0 + 0) / 8
    assert area_under_pck(DISTANCES, 0.2) == pytest.approx(by_hand)
    steps = [pck(DISTANCES, threshold) for threshold in np.linspace(0, 0.2, 20001)]
    assert area_under_pck(DISTANCES, 0.2) == pytest.approx(np.mean(steps), abs=1e-4)


def test_mean_distance_is_of_what_was_found() -> None:
    assert mean_distance(DISTANCES) == pytest.approx((0.05 + 0.1 + 0.15 + 0.2 + 0 + 0.3) / 6)


def test_nme_is_the_mean_of_the_means_of_instances() -> None:
    np.testing.assert_allclose(errors_of_instances(DISTANCES), [0.125, 0.15])
    assert nme(DISTANCES) == pytest.approx(0.1375)


def test_nme_leaves_out_instances_that_were_not_found() -> None:
    assert nme(np.concatenate([DISTANCES[:1, :3], NOT_FOUND])) == pytest.approx(0.1)


def test_metrics_of_nothing_found_are_zero_or_no_number() -> None:
    assert pck(NOT_FOUND, 0.2) == area_under_pck(NOT_FOUND, 0.2) == 0.0
    assert np.isnan([mean_distance(NOT_FOUND), nme(NOT_FOUND)]).all()


def test_metrics_of_nothing_labelled_are_no_numbers() -> None:
    values = [pck(NOTHING, 1), area_under_pck(NOTHING, 1), mean_distance(NOTHING), nme(NOTHING)]
    assert np.isnan(values).all()


def test_pck_curve_ends_at_the_figure() -> None:
    curve = pck_curve(DISTANCES, 0.2, "box")
    assert (curve.x[0], curve.x[-1]) == (0.0, 0.2)
    assert (curve.y[0], curve.y[-1]) == (0.0, pck(DISTANCES, 0.2))
    assert (np.diff(curve.y) >= 0).all()
    assert curve.x_name == "distance / box"


def test_ced_curve_ends_at_the_share_found() -> None:
    curve = ced_curve(np.pad(DISTANCES, ((0, 2), (0, 0)), constant_values=MISSING), 0.2, "eyes")
    assert curve.y[-1] == 0.5
    assert curve.y[np.searchsorted(curve.x, 0.13)] == 0.25
    assert (np.diff(curve.y) >= 0).all()
