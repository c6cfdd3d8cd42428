"""Regressed keypoints in pixels of the frame, and the geometry of turned crops."""

import math

import numpy as np
import pytest
from posewire_server.inference.decode.landmarks import sigmoid, to_image, turn, turned_box
from posewire_server.inference.preprocess.crop import Crop


def test_to_image_maps_each_instance_through_its_own_crop() -> None:
    values = np.array([[5, 10, 2, 0, 0, 0], [10, 0, -4, 5, 5, 0]], np.float32)
    crops = [Crop((100, 50), (20, 20)), Crop((7, 8), (40, 40), math.pi / 2)]
    points, depths = to_image(values, crops, (10, 10), depth_scale=2.0)
    np.testing.assert_allclose(points[0], [[100, 60], [90, 40]], atol=1e-4)
    np.testing.assert_allclose(points[1], [[27, 28], [7, 8]], atol=1e-4)
    np.testing.assert_allclose(depths, [[8, 0], [-32, 0]], atol=1e-4)


def test_to_image_takes_values_of_any_layout() -> None:
    values = np.arange(12, dtype=np.float32)
    crops = [Crop((5, 5), (10, 10))]
    flat, _ = to_image(values.reshape(1, 12), crops, (10, 10))
    maps, _ = to_image(values.reshape(1, 1, 1, 12), crops, (10, 10))
    np.testing.assert_array_equal(flat, maps)


@pytest.mark.parametrize(
    ("end", "angle"), [((3, 0), 0.0), ((0, 2), math.pi / 2), ((0, -2), -math.pi / 2)]
)
def test_turn_is_clockwise_from_rightward(end: tuple[float, float], angle: float) -> None:
    assert turn(np.zeros(2), np.array(end)) == pytest.approx(angle)


def test_turned_box_fits_a_turned_rectangle() -> None:
    crop = Crop((30, 20), (8, 4), 0.6)
    corners = crop.to_image(np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]))
    centre, size = turned_box(corners, 0.6)
    np.testing.assert_allclose(centre, crop.centre)
    np.testing.assert_allclose(size, crop.size)


def test_sigmoid_of_any_size_is_a_probability() -> None:
    found = sigmoid(np.array([-1e30, 0, 1e30], np.float32))
    np.testing.assert_allclose(found, [0, 0.5, 1], atol=1e-30)
