"""Crops of any place, size and rotation: points go there and back."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from posewire_server.inference.preprocess.crop import Crop, cut
from posewire_server.models.catalog.spec import InputSpec

COORDINATES = st.floats(-2000, 4000, width=32)
SIZES = st.floats(2, 3000, width=32)
CROPS = st.builds(
    Crop, st.tuples(COORDINATES, COORDINATES), st.tuples(SIZES, SIZES), st.floats(-7, 7)
)
UNITS = st.tuples(st.floats(-1, 2), st.floats(-1, 2))


@given(CROPS, UNITS)
def test_to_unit_undoes_to_image(crop: Crop, point: tuple[float, float]) -> None:
    points_unit = np.array([point])
    np.testing.assert_allclose(crop.to_unit(crop.to_image(points_unit)), points_unit, atol=1e-6)


@given(CROPS)
def test_to_image_keeps_sides_and_centre(crop: Crop) -> None:
    corners = crop.to_image(np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]))
    np.testing.assert_allclose(np.linalg.norm(corners[1] - corners[0]), crop.size[0], rtol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(corners[2] - corners[0]), crop.size[1], rtol=1e-6)
    np.testing.assert_allclose(corners.mean(0), crop.centre, atol=1e-3)


@given(CROPS)
def test_cut_of_a_grey_frame_is_grey_or_black(crop: Crop) -> None:
    image = np.full((48, 64, 3), 100, np.uint8)
    found = cut(image, crop, InputSpec(height=16, max_width=16, stride=16))
    assert np.isfinite(found).all()
    assert found.min() >= 0
    assert found.max() <= 100
