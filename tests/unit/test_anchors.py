"""Anchors, boxes from them, and the weighted mean of boxes of one instance."""

import numpy as np
import pytest
from posewire_server.inference.decode.anchors import (
    AnchorDecode,
    AnchorSpec,
    Detections,
    Floats,
    merge,
)
from posewire_server.inference.estimators.face import FULL_ANCHORS, SHORT_ANCHORS
from posewire_server.inference.estimators.hand import PALM_ANCHORS

SIZE = (32, 32)
SPEC = AnchorSpec(layers=((16, 2),))  # 2 x 2 cells, 8 anchors
ABSENT = -50.0


def outputs(*boxes: tuple[int, float, tuple[float, ...]]) -> tuple[Floats, Floats]:
    """Returns values of one keypoint and logits: anchor, logit, values of each box."""
    values, logits = np.ones((8, 6), np.float32), np.full((8, 1), ABSENT, np.float32)
    for anchor, logit, box in boxes:
        values[anchor], logits[anchor] = box, logit
    return values, logits


def detections(*boxes: tuple[float, float, float, float, float]) -> Detections:
    """Returns detections of x_min, y_min, x_max, y_max, score, their keypoint at the corner."""
    table = np.array(boxes, np.float32).reshape(-1, 5)
    return Detections(table[:, :4], table[:, None, :2], table[:, 4])


@pytest.mark.parametrize(
    ("spec", "size", "count"),
    [(PALM_ANCHORS, 192, 2016), (SHORT_ANCHORS, 128, 896), (FULL_ANCHORS, 192, 2304)],
)
def test_centres_are_as_many_as_the_network_has_boxes(
    spec: AnchorSpec, size: int, count: int
) -> None:
    centres = spec.centres((size, size))
    assert centres.shape == (count, 2)
    assert centres.min() > 0
    assert centres.max() < 1


def test_centres_go_row_by_row_with_all_anchors_of_a_cell_together() -> None:
    expected = [(0.25, 0.25)] * 2 + [(0.75, 0.25)] * 2 + [(0.25, 0.75)] * 2 + [(0.75, 0.75)] * 2
    np.testing.assert_array_equal(SPEC.centres(SIZE), np.array(expected, np.float32))


def test_decode_counts_from_the_anchor_in_pixels_of_the_input() -> None:
    found = AnchorDecode(SPEC, SIZE, 0.5)(*outputs((2, 3.0, (3.2, -1.6, 6.4, 12.8, 0.0, 16.0))))
    np.testing.assert_allclose(found.boxes, [[0.75, 0.0, 0.95, 0.4]], atol=1e-6)
    np.testing.assert_allclose(found.keypoints, [[[0.75, 0.75]]], atol=1e-6)
    np.testing.assert_allclose(found.scores, [1 / (1 + np.exp(-3))], rtol=1e-6)


def test_decode_orders_by_score_and_drops_what_scores_too_little() -> None:
    box = (0.0, 0.0, 8.0, 8.0, 0.0, 0.0)
    found = AnchorDecode(SPEC, SIZE, 0.6)(*outputs((0, 0.3, box), (3, 1.0, box), (6, 2.0, box)))
    np.testing.assert_allclose(found.scores, 1 / (1 + np.exp([-2.0, -1.0])), rtol=1e-6)


@pytest.mark.parametrize(
    "box",
    [
        (0.0, 0.0, np.nan, 8.0, 0.0, 0.0),
        (0.0, 0.0, 8.0, 8.0, 0.0, np.inf),
        (0.0, 0.0, -8.0, 8.0, 0.0, 0.0),
        (0.0, 0.0, 8.0, 0.0, 0.0, 0.0),
    ],
)
def test_decode_of_a_box_that_is_none_leaves_it_out(box: tuple[float, ...]) -> None:
    assert len(AnchorDecode(SPEC, SIZE, 0.5)(*outputs((1, 9.0, box)))) == 0


@pytest.mark.parametrize("logit", [np.nan, -np.inf])
def test_decode_of_a_score_that_is_none_leaves_it_out(logit: float) -> None:
    assert len(AnchorDecode(SPEC, SIZE, 0.5)(*outputs((1, logit, (0, 0, 8, 8, 0, 0))))) == 0


def test_decode_of_a_huge_score_is_certain() -> None:
    found = AnchorDecode(SPEC, SIZE, 0.5)(*outputs((1, 1e30, (0, 0, 8, 8, 0, 0))))
    np.testing.assert_array_equal(found.scores, [1.0])


def test_merge_weighs_boxes_and_keypoints_by_score() -> None:
    merged = merge([detections((0, 0, 10, 10, 0.9)), detections((2, 0, 12, 10, 0.3))], 0.3)
    np.testing.assert_allclose(merged.boxes, [[0.5, 0, 10.5, 10]], rtol=1e-5)
    np.testing.assert_allclose(merged.keypoints, [[[0.5, 0]]], rtol=1e-5)
    np.testing.assert_allclose(merged.scores, [0.9])


def test_merge_compares_with_the_best_box_only() -> None:
    chain = detections((0, 0, 10, 10, 0.9), (4, 0, 14, 10, 0.8), (8, 0, 18, 10, 0.7))
    np.testing.assert_allclose(merge([chain], 0.3).scores, [0.9, 0.7])


def test_merge_keeps_apart_what_does_not_overlap_enough() -> None:
    apart = merge([detections((8, 8, 18, 18, 0.6), (0, 0, 10, 10, 0.9))], 0.3)
    np.testing.assert_allclose(apart.scores, [0.9, 0.6])


def test_merge_of_nothing_is_nothing() -> None:
    merged = merge([detections(), detections()], 0.3)
    assert len(merged) == 0
    assert merged.keypoints.shape == (0, 1, 2)
