"""The golden file holds what its maker draws, and says which runtime answered."""

from importlib.resources import files

import numpy as np

from tests.golden.make_body import make_images


def test_golden_images_are_the_makers() -> None:
    with (files("posewire_server.models") / "golden" / "body.npz").open("rb") as file:
        arrays = dict(np.load(file))
    images = make_images()
    assert str(arrays.pop("runtime")).startswith("tensorflow 2.21.0, Eigen")
    assert set(arrays) == {f"{kind}_{i}" for kind in ("image", "output") for i in range(3)}
    for index, image in enumerate(images[:2]):  # Noise may change with NumPy.
        np.testing.assert_array_equal(arrays[f"image_{index}"], image)
