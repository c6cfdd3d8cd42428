import math

import numpy as np
import pytest
from posewire_server.errors import RegionError
from posewire_server.inference.preprocess.transform import fit, prepare
from posewire_server.models.catalog.spec import InputSpec

SPEC = InputSpec(height=368, max_width=1312, stride=8)


@pytest.mark.parametrize(
    ("size_image", "size_valid", "size_input"),
    [
        ((640, 480), (491, 368), (496, 368)),
        ((1920, 1080), (654, 368), (656, 368)),
        ((1, 1), (368, 368), (368, 368)),
        ((1, 65535), (1, 368), (8, 368)),
        ((65535, 1), (1312, 1), (1312, 8)),
        ((10000, 1000), (1312, 131), (1312, 136)),
    ],
)
def test_fit_whole_frame_scales_to_the_height_within_the_width(
    size_image: tuple[int, int], size_valid: tuple[int, int], size_input: tuple[int, int]
) -> None:
    transform = fit(size_image, SPEC)
    assert transform.size_valid == size_valid
    assert transform.size_input == size_input
    assert transform.size_region == size_image


@pytest.mark.parametrize(
    ("region", "offset", "size_region"),
    [
        ((10.0, 20.0, 110.0, 70.0), (10, 20), (100, 50)),
        ((10.5, 20.5, 110.5, 70.5), (10, 20), (101, 51)),
        ((-50.0, -50.0, 30.0, 40.0), (0, 0), (30, 40)),
        ((600.0, 400.0, 9999.0, 9999.0), (600, 400), (40, 80)),
        ((639.9, 479.9, 640.0, 480.0), (639, 479), (1, 1)),
        ((-1e-30, 5.0, 1e-30, 5.5), (0, 5), (1, 1)),
    ],
)
def test_fit_region_covers_the_whole_pixels_it_touches(
    region: tuple[float, float, float, float], offset: tuple[int, int], size_region: tuple[int, int]
) -> None:
    transform = fit((640, 480), SPEC, region)
    assert transform.offset == offset
    assert transform.size_region == size_region


@pytest.mark.parametrize(
    ("region", "why"),
    [
        ((math.nan, 0.0, 10.0, 10.0), "not a number"),
        ((0.0, 0.0, math.inf, 10.0), "not a number"),
        ((10.0, 10.0, 10.0, 20.0), "empty"),
        ((20.0, 10.0, 10.0, 20.0), "inverted"),
        ((0.0, 20.0, 10.0, 10.0), "inverted"),
        ((640.0, 0.0, 700.0, 10.0), "outside"),
        ((0.0, 480.0, 10.0, 500.0), "outside"),
        ((-20.0, 0.0, 0.0, 10.0), "outside"),
        ((0.0, -20.0, 10.0, -10.0), "outside"),
    ],
)
def test_fit_bad_region_says_why(region: tuple[float, float, float, float], why: str) -> None:
    with pytest.raises(RegionError, match=why) as caught:
        fit((640, 480), SPEC, region)
    assert caught.value.reason == "REGION_INVALID"
    assert caught.value.metadata == {"width": "640", "height": "480"}


def test_to_image_keeps_missing_points_missing_and_the_precision() -> None:
    points = np.array([[[np.nan, np.nan], [491.0, 368.0]]], np.float32)
    mapped = fit((640, 480), SPEC).to_image(points)
    assert mapped.dtype == np.float32
    assert np.isnan(mapped[0, 0]).all()
    np.testing.assert_allclose(mapped[0, 1], (640, 480), rtol=1e-6)


def test_prepare_puts_a_bright_pixel_where_to_input_says() -> None:
    image = np.zeros((480, 640, 3), np.uint8)
    image[100:104, 300:304] = 255
    transform = fit((640, 480), SPEC, (200.0, 50.0, 500.0, 275.0))
    inputs = prepare(image, transform, SPEC)
    assert inputs.shape == (1, 3, *transform.size_input[::-1])
    weights = inputs[0, 0] / inputs[0, 0].sum()
    rows, columns = np.mgrid[0 : weights.shape[0], 0 : weights.shape[1]] + 0.5
    centre = np.array([(weights * columns).sum(), (weights * rows).sum()])
    np.testing.assert_allclose(centre, transform.to_input(np.array([302.0, 102.0])), atol=0.02)


def test_prepare_writes_into_the_output_it_is_given() -> None:
    transform = fit((8, 8), SPEC)
    output = np.full((1, 3, 368, 368), np.nan, np.float32)
    assert prepare(np.full((8, 8, 3), 9, np.uint8), transform, SPEC, output) is output
    np.testing.assert_allclose(output, 9, rtol=1e-6)


def test_prepare_follows_the_channel_order_of_the_spec() -> None:
    spec = InputSpec(8, 8, 8, "RGB", (1.0, 2.0, 3.0), (0.5, 1.0, 2.0))
    image = np.full((8, 8, 3), (10, 20, 30), np.uint8)
    inputs = prepare(image, fit((8, 8), spec), spec)
    assert inputs[0, :, 0, 0].tolist() == [14.5, 18.0, 14.0]
