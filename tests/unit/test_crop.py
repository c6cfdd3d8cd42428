"""Crops: where they lie, what is cut, and what lies outside the frame."""

import math

import numpy as np
import numpy.typing as npt
import pytest
from posewire_server.inference.preprocess.crop import Crop, covering, cut
from posewire_server.models.catalog.spec import InputSpec

SQUARE = InputSpec(height=32, max_width=32, stride=32)


def ramp(width: int, height: int) -> npt.NDArray[np.uint8]:
    """An image whose blue is its column and whose green is its row, at most 256 of each."""
    image = np.zeros((height, width, 3), np.uint8)
    image[:, :, 0] = np.arange(width)
    image[:, :, 1] = np.arange(height)[:, None]
    return image


def test_cut_upright_at_its_own_size_copies_pixels() -> None:
    image = ramp(100, 80)
    found = cut(image, Crop((36.0, 26.0), (32.0, 32.0)), SQUARE)
    np.testing.assert_array_equal(found, image[10:42, 20:52].transpose(2, 0, 1))


def test_cut_turned_a_quarter_clockwise_has_the_crops_top_on_the_right() -> None:
    image = ramp(100, 80)
    found = cut(image, Crop((36.0, 26.0), (32.0, 32.0), math.pi / 2), SQUARE)
    turned = np.rot90(image[10:42, 20:52], 1)
    np.testing.assert_allclose(found, turned.transpose(2, 0, 1), atol=1)


@pytest.mark.parametrize("side", [16.0, 48.0, 64.0, 96.0, 200.0])
def test_cut_scaled_samples_the_centres_of_pixel_areas(side: float) -> None:
    crop = Crop((120.0, 115.0), (side, side))
    found = cut(ramp(240, 230), crop, SQUARE)
    centres = (np.arange(32) + 0.5) / 32
    expected = crop.to_image(np.stack([centres, centres], 1)) - 0.5
    np.testing.assert_allclose(found[0, 16], expected[:, 0], atol=0.6)
    np.testing.assert_allclose(found[1, :, 16], expected[:, 1], atol=0.6)


def test_cut_averages_pixels_that_are_much_reduced() -> None:
    stripes = np.zeros((320, 320, 3), np.uint8)
    stripes[:, ::2] = 255
    found = cut(stripes, covering((0, 0, 320, 320), SQUARE), SQUARE)
    np.testing.assert_allclose(found, 127.5, atol=1)


def test_cut_normalises_in_the_specs_channel_order() -> None:
    image = np.full((40, 40, 3), (10, 20, 30), np.uint8)
    spec = InputSpec(32, 32, 32, "RGB", mean=(10.0, 20.0, 30.0), scale=(0.1, 0.2, 0.5))
    found = cut(image, Crop((20.0, 20.0), (8.0, 8.0)), spec)
    np.testing.assert_allclose(found[:, 0, 0], [2.0, 0.0, -10.0], atol=1e-5)


@pytest.mark.parametrize("side", [20.0, 200.0])
def test_cut_takes_read_only_views_of_any_strides(side: float) -> None:
    image = np.random.default_rng(3).integers(0, 256, (300, 200, 3), np.uint8)
    image.flags.writeable = False
    view = image[::2, ::-1, ::-1]
    crop = Crop((100.0, 70.0), (side, side), 0.4)
    np.testing.assert_array_equal(cut(view, crop, SQUARE), cut(view.copy(), crop, SQUARE))


def test_cut_writes_into_a_slice_of_a_batch() -> None:
    batch = np.full((2, 3, 32, 32), np.nan, np.float32)
    found = cut(ramp(64, 64), Crop((32.0, 32.0), (32.0, 32.0)), SQUARE, batch[1])
    assert np.shares_memory(found, batch)
    assert np.isnan(batch[0]).all()
    assert not np.isnan(batch[1]).any()


@pytest.mark.parametrize("centre", [(-500.0, 20.0), (20.0, 1e7)])
def test_cut_outside_the_frame_is_black(centre: tuple[float, float]) -> None:
    image = np.full((40, 40, 3), 255, np.uint8)
    assert not cut(image, Crop(centre, (30.0, 30.0), 0.3), SQUARE).any()


def test_cut_much_larger_than_the_frame_keeps_its_place() -> None:
    image = np.full((10, 10, 3), 255, np.uint8)
    found = cut(image, Crop((5.0, 5.0), (1e5, 1e5)), SQUARE)
    assert found.shape == (3, 32, 32)
    assert not found[:, :14].any()


def test_covering_a_wide_frame_has_black_above_and_below() -> None:
    found = cut(np.full((32, 64, 3), 255, np.uint8), covering((0, 0, 64, 32), SQUARE), SQUARE)
    assert not found[:, :7].any()
    assert (found[:, 9:23] == 255).all()
    assert not found[:, 25:].any()


def test_covering_has_the_aspect_of_the_input() -> None:
    crop = covering((10.0, 20.0, 30.0, 100.0), InputSpec(height=256, max_width=192, stride=64))
    assert crop == Crop((20.0, 60.0), (60.0, 80.0))
