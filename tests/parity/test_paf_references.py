"""The openpose and paddlehub decoders against slow, literal references of those systems."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest
from posewire_server.skeletons import OPENPOSE18, OPENPOSE18_PAF_CHANNELS
from posewire_server.tools.benchmarks.scenes import make_scene

from tests.oracles import openpose, paddlehub
from tests.paf_decoder import make_decoder

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Maps:
    heatmaps: Floats
    pafs: Floats

    @property
    def size(self) -> tuple[int, int]:
        return self.heatmaps.shape[2] * 8, self.heatmaps.shape[1] * 8


def _noise(seed: int) -> Maps:
    rng = np.random.default_rng(seed)
    heatmaps = rng.uniform(0, 0.25, (19, 9, 12)).astype(np.float32)
    pafs = rng.normal(0, 0.5, (38, 9, 12)).astype(np.float32)
    return Maps(heatmaps, pafs)


def _drawn(people: int, mode: str, seed: int) -> Maps:
    scene = make_scene(people, "656", mode, seed)  # type: ignore[arg-type]
    return Maps(scene.heatmaps, scene.pafs)


def _maps(name: str) -> Maps:
    kind, *rest = name.split("-")
    return _noise(int(rest[0])) if kind == "noise" else _drawn(int(rest[0]), kind, int(rest[1]))


# Two pixels of a map that are equal but for rounding may be ranked otherwise than by OpenCV's own
# order of operations; these scenes hold none.
SCENES = ("clean-1-0", "clean-5-1", "noisy-5-2", "crowd-5-3", "noise-1", "noise-2")


def _check(found: tuple[Floats, Floats], expected: tuple[Floats, Floats], tolerance: float) -> None:
    keypoints, scores = found
    assert keypoints.shape == expected[0].shape
    assert len(keypoints) > 0
    np.testing.assert_array_equal(np.isnan(keypoints), np.isnan(expected[0]))
    np.testing.assert_allclose(keypoints, expected[0], atol=tolerance, rtol=0)
    np.testing.assert_allclose(scores, np.minimum(expected[1], 1), atol=1e-4, rtol=0)


@pytest.mark.parametrize("name", SCENES)
def test_openpose_decoder_gives_the_reference_poses(name: str) -> None:
    maps = _maps(name)
    found = make_decoder("openpose").decode(
        maps.heatmaps, maps.pafs, size_input=maps.size, size_image=maps.size
    )
    expected = openpose.decode(maps.heatmaps, maps.pafs, OPENPOSE18.limbs, OPENPOSE18_PAF_CHANNELS)
    _check(found, expected, 1e-3)


@pytest.mark.parametrize("name", SCENES)
@pytest.mark.parametrize(("cut", "size_image"), [(0, None), (5, (200, 150)), (3, (420, 236))])
def test_paddlehub_decoder_gives_the_reference_poses(
    name: str, cut: int, size_image: tuple[int, int] | None
) -> None:
    maps = _maps(name)
    size_input = (maps.size[0] - cut, maps.size[1] - cut)
    size_image = size_image or size_input
    found = make_decoder("paddlehub").decode(
        maps.heatmaps, maps.pafs, size_input=size_input, size_image=size_image
    )
    keypoints, scores = paddlehub.decode(
        maps.heatmaps,
        maps.pafs,
        OPENPOSE18.limbs,
        OPENPOSE18_PAF_CHANNELS,
        size_input,
        size_image,
    )
    keypoints[:, :, :2] = (keypoints[:, :, :2] + 0.5) * np.divide(size_input, size_image)
    _check(found, (keypoints, scores), 1e-3)
