"""Boxes of any kind, merged: what must hold whatever the detector answers."""

import hypothesis.extra.numpy as hnp
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from posewire_server.inference.decode.anchors import (
    AnchorDecode,
    AnchorSpec,
    Detections,
    Floats,
    merge,
    overlap,
)

SIDES = hnp.arrays(np.float32, (30, 4), elements=st.floats(0.125, 64, width=32))
SCORES = hnp.arrays(np.float32, 30, elements=st.floats(0.5, 1, width=32))
ANYTHING = st.floats(width=32, allow_nan=True, allow_infinity=True)


def detections(sides: Floats, scores: Floats) -> Detections:
    boxes = np.concatenate([sides[:, :2], sides[:, :2] + sides[:, 2:]], 1)
    return Detections(boxes, boxes[:, None, :2].copy(), scores)


@given(SIDES, SCORES, st.floats(0.1, 0.9))
def test_merge_leaves_no_more_boxes_and_none_outside(
    sides: Floats, scores: Floats, share: float
) -> None:
    given_ = detections(sides, scores)
    merged = merge([given_], share)
    assert 1 <= len(merged) <= len(given_)
    assert (np.diff(merged.scores) <= 0).all()
    assert merged.scores[0] == scores.max()
    assert (merged.boxes.min(0) >= given_.boxes.min(0) - 1e-3).all()
    assert (merged.boxes.max(0) <= given_.boxes.max(0) + 1e-3).all()


@given(SIDES, SCORES)
def test_merge_does_not_depend_on_how_detections_are_split(sides: Floats, scores: Floats) -> None:
    whole = detections(sides, scores)
    halves = [whole.take(slice(0, 12)), whole.take(slice(12, None))]
    np.testing.assert_array_equal(merge([whole], 0.3).boxes, merge(halves, 0.3).boxes)


@given(SIDES)
def test_overlaps_are_symmetric_shares(sides: Floats) -> None:
    boxes = detections(sides, np.ones(30, np.float32)).boxes
    found = overlap(boxes[:, None], boxes[None])
    np.testing.assert_allclose(found, found.T, atol=1e-6)
    np.testing.assert_allclose(np.diag(found), 1, atol=1e-4)
    assert found.min() >= 0


@given(
    hnp.arrays(np.float32, (8, 6), elements=ANYTHING),
    hnp.arrays(np.float32, (8, 1), elements=ANYTHING),
)
def test_decode_of_anything_gives_finite_boxes(values: Floats, logits: Floats) -> None:
    found = AnchorDecode(AnchorSpec(((16, 2),)), (32, 32), 0.5)(values, logits)
    assert np.isfinite(found.scores).all()
    assert (found.scores >= 0.5).all()
    assert np.isfinite(found.boxes).all()
