import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from posewire_server.inference.preprocess.transform import Transform, fit
from posewire_server.models.catalog.spec import InputSpec

SIDES = st.integers(1, 65535)


@st.composite
def transforms(draw: st.DrawFn) -> tuple[Transform, InputSpec]:
    stride = draw(st.sampled_from([1, 8, 32]))
    spec = InputSpec(
        height=stride * draw(st.integers(1, 50)),
        max_width=stride * draw(st.integers(1, 100)),
        stride=stride,
    )
    size = width, height = draw(SIDES), draw(SIDES)
    x = sorted(draw(st.tuples(st.floats(0, width), st.floats(0, width))))
    y = sorted(draw(st.tuples(st.floats(0, height), st.floats(0, height))))
    is_region = draw(st.booleans()) and x[0] < x[1] and y[0] < y[1]
    return fit(size, spec, (x[0], y[0], x[1], y[1]) if is_region else None), spec


@given(transforms(), st.floats(0, 1), st.floats(0, 1))
def test_to_input_undoes_to_image(
    made: tuple[Transform, InputSpec], share_x: float, share_y: float
) -> None:
    transform, _ = made
    points = np.array([[share_x, share_y]]) * transform.size_valid
    back = transform.to_input(transform.to_image(points))
    np.testing.assert_allclose(back, points, rtol=1e-6, atol=1e-6 * max(transform.size_valid))


@given(transforms())
def test_corners_of_the_region_map_to_the_corners_of_the_valid_part(
    made: tuple[Transform, InputSpec],
) -> None:
    transform, _ = made
    corners_input = np.array([(0.0, 0.0), transform.size_valid])
    corners_image = np.array(
        [transform.offset, np.add(transform.offset, transform.size_region)], float
    )
    np.testing.assert_allclose(transform.to_image(corners_input), corners_image, rtol=1e-12)
    np.testing.assert_allclose(transform.to_input(corners_image), corners_input, atol=1e-6)


@given(transforms())
def test_fit_keeps_every_size_in_bounds(made: tuple[Transform, InputSpec]) -> None:
    transform, spec = made
    (width, height), (padded_width, padded_height) = transform.size_valid, transform.size_input
    assert 1 <= width <= spec.max_width
    assert 1 <= height <= spec.height
    assert height == spec.height or width == spec.max_width
    assert padded_width % spec.stride == padded_height % spec.stride == 0
    assert 0 <= padded_width - width < spec.stride
    assert 0 <= padded_height - height < spec.stride
    (left, top), (region_width, region_height) = transform.offset, transform.size_region
    assert 0 <= left < left + region_width <= transform.size_image[0]
    assert 0 <= top < top + region_height <= transform.size_image[1]


@given(transforms())
def test_fit_keeps_the_aspect_within_a_pixel(made: tuple[Transform, InputSpec]) -> None:
    transform, _ = made
    (width, height), (valid_width, valid_height) = transform.size_region, transform.size_valid
    by_height = abs(valid_width - width * valid_height / height)
    by_width = abs(valid_height - height * valid_width / width)
    assert valid_width == 1 or valid_height == 1 or min(by_height, by_width) <= 0.5
