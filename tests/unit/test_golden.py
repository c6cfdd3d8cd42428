"""The golden files hold what their makers draw, and say which runtime answered."""

from importlib.resources import files
from typing import Any

import numpy as np
import pytest
from posewire_server.models.catalog.mediapipe_networks import MEDIAPIPE_NETWORKS
from posewire_server.models.catalog.spec import NetworkSpec

from tests.golden import make_body, make_efficientpose, make_tflite


def read(name: str) -> dict[str, Any]:
    with (files("posewire_server.models.catalog") / "golden" / name).open("rb") as file:
        return dict(np.load(file))


def test_golden_of_the_body_is_the_makers() -> None:
    arrays, images = read("body.npz"), make_body.make_images()
    assert str(arrays.pop("runtime")).startswith("tensorflow 2.21.0, Eigen")
    assert set(arrays) == {f"image_{i}" for i in range(3)} | {f"output_{i}_0" for i in range(3)}
    for index, image in enumerate(images[:2]):  # Noise may change with NumPy.
        np.testing.assert_array_equal(arrays[f"image_{index}"], image)


def test_golden_of_efficientpose_is_the_makers() -> None:
    arrays = read("efficientpose.npz")
    assert str(arrays.pop("runtime")) == make_efficientpose.RUNTIME
    assert set(arrays) == {"image_0", "output_0_0"}
    image = make_efficientpose.make_image()
    np.testing.assert_array_equal(arrays["image_0"][:, 48:], image[:, 48:])  # No noise there.


@pytest.mark.parametrize("spec", MEDIAPIPE_NETWORKS, ids=lambda spec: spec.name)
def test_golden_of_a_mediapipe_network_is_the_makers(spec: NetworkSpec) -> None:
    arrays, images = read(spec.golden), make_tflite.make_images(spec)
    assert str(arrays.pop("runtime")) == make_tflite.RUNTIME
    numbers = [(i, j) for i in range(len(images)) for j in range(len(spec.outputs))]
    assert set(arrays) == {f"image_{i}" for i in range(len(images))} | {
        f"output_{i}_{j}" for i, j in numbers
    }
    middle = slice(spec.input.height // 2 - 8, spec.input.height // 2 + 8)
    for index, image in enumerate(images):  # Around it is noise, which may change with NumPy.
        np.testing.assert_array_equal(
            arrays[f"image_{index}"][middle, middle], image[middle, middle]
        )
    for i, j in numbers:
        assert arrays[f"output_{i}_{j}"].shape == (1, *spec.outputs[j].shape)
        assert np.ptp(arrays[f"output_{i}_{j}"]) > 0 or spec.outputs[j].shape == (1,)
