"""Whatever the heat, places are inside the map, and a mirrored map gives mirrored places."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from posewire_server.inference.decode.heatmap import Refinement, decode_heatmaps

Maps = npt.NDArray[np.float32]
FINITE = st.floats(-(2.0**60), 2.0**60, width=32)
shapes = array_shapes(min_dims=4, max_dims=4, min_side=1, max_side=12)


@pytest.mark.parametrize("refinement", ["dark", "quarter", "none"])
@given(maps=arrays(np.float32, shapes, elements=FINITE))
def test_decode_heatmaps_places_are_inside(maps: Maps, refinement: Refinement) -> None:
    found = decode_heatmaps(maps, refinement)
    assert ((found[..., :2] >= 0) & (found[..., :2] <= 1)).all()
    np.testing.assert_array_equal(found[..., 2], maps.max((2, 3)))


@pytest.mark.parametrize("refinement", ["dark", "quarter", "none"])
@given(seed=st.integers(0, 2**32 - 1))
def test_decode_heatmaps_mirrored_map_gives_mirrored_places(
    seed: int, refinement: Refinement
) -> None:
    maps = np.random.default_rng(seed).random((2, 3, 11, 9)).astype(np.float32)
    found = decode_heatmaps(maps, refinement)
    mirrored = decode_heatmaps(np.ascontiguousarray(maps[..., ::-1]), refinement)
    np.testing.assert_allclose(1 - mirrored[..., 0], found[..., 0], atol=1e-5)
    np.testing.assert_allclose(mirrored[..., 1:], found[..., 1:], atol=1e-5)
