import numpy as np
import pytest
from posewire_server.inference.decode.anchors import overlap


def test_overlap_is_the_shared_area_over_that_of_both() -> None:
    boxes = np.array([(0, 0, 10, 10), (5, 0, 15, 10), (20, 0, 30, 10), (2, 2, 4, 4)], float)
    np.testing.assert_allclose(overlap(boxes[0], boxes), [1, 1 / 3, 0, 0.04])


@pytest.mark.parametrize("empty", [(0, 0, 0, 0), (np.inf, np.inf, -np.inf, -np.inf), (4, 4, 2, 2)])
def test_overlap_with_an_empty_box_is_zero(empty: tuple[float, ...]) -> None:
    boxes = np.array([empty, (0, 0, 9, 9)], np.float32)
    found = overlap(boxes[:, None], boxes)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, [[0, 0], [0, 1]])
