"""What the native border accepts, and how it refuses the rest."""

import threading

import numpy as np
import numpy.typing as npt
import pytest
from posewire_server import _native
from posewire_server.inference.decode.paf import PafDecode
from posewire_server.inference.preprocess.transform import fit
from posewire_server.models.catalog.spec import InputSpec
from posewire_server.skeletons import OPENPOSE18, OPENPOSE18_PAF_CHANNELS
from posewire_server.tools.benchmarks.scenes import make_scene

from tests.paf_decoder import make_decoder

Floats = npt.NDArray[np.float32]
SIZES = {"size_input": (656, 368), "size_image": (656, 368)}


def _output() -> Floats:
    scene = make_scene(5, "656", "clean", 0)
    return np.concatenate([scene.heatmaps, scene.pafs])


def _decode(heatmaps: Floats, pafs: Floats) -> tuple[Floats, Floats]:
    return make_decoder("fast").decode(heatmaps, pafs, **SIZES)


def test_decode_views_of_one_output_equal_copies() -> None:
    output = _output()
    padded = np.zeros((57, 50, 90), np.float32)
    padded[:, 2:48, 3:85] = output
    view = padded[:, 2:48, 3:85]
    expected = _decode(output[:19].copy(), output[19:].copy())
    for found in (_decode(output[:19], output[19:]), _decode(view[:19], view[19:])):
        np.testing.assert_array_equal(found[0], expected[0])
        np.testing.assert_array_equal(found[1], expected[1])


@pytest.mark.parametrize(
    ("heatmaps", "pafs", "text"),
    [
        (np.zeros((19, 46, 82)), np.zeros((38, 46, 82), np.float32), "float64"),
        (np.zeros((46, 82), np.float32), np.zeros((38, 46, 82), np.float32), "(46, 82)"),
        (np.zeros((17, 46, 82), np.float32), np.zeros((38, 46, 82), np.float32), "got 17 and 38"),
        (np.zeros((19, 46, 82), np.float32), np.zeros((37, 46, 82), np.float32), "got 19 and 37"),
        (np.zeros((19, 46, 82), np.float32), np.zeros((38, 45, 82), np.float32), "82x45"),
        (np.zeros((19, 46, 164), np.float32)[:, :, ::2], np.zeros((38, 46, 82), np.float32), "row"),
    ],
)
def test_decode_wrong_arrays_are_refused_with_what_came(
    heatmaps: Floats, pafs: Floats, text: str
) -> None:
    with pytest.raises(ValueError, match="expected") as caught:
        _decode(heatmaps, pafs)
    assert text in str(caught.value)


@pytest.mark.parametrize("size", [(0, 10), (10, -1), (70000, 10)])
def test_decode_impossible_sizes_are_refused(size: tuple[int, int]) -> None:
    output = _output()
    with pytest.raises(ValueError, match=rf"{size[0]}x{size[1]}"):
        make_decoder("paddlehub").decode(output[:19], output[19:], size_input=size, size_image=size)


@pytest.mark.parametrize("algorithm", ["fast", "openpose", "paddlehub"])
@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (1, 1), (1, 9), (9, 1)])
def test_decode_maps_under_two_cells_give_no_poses(algorithm: str, shape: tuple[int, int]) -> None:
    heatmaps, pafs = np.ones((19, *shape), np.float32), np.ones((38, *shape), np.float32)
    keypoints, scores = make_decoder(algorithm).decode(
        heatmaps, pafs, size_input=(8, 8), size_image=(8, 8)
    )
    assert keypoints.shape == (0, 18, 3)
    assert scores.shape == (0,)


@pytest.mark.parametrize("algorithm", ["fast", "openpose", "paddlehub"])
def test_decode_no_people_gives_empty_arrays(algorithm: str) -> None:
    maps = np.zeros((57, 12, 14), np.float32)
    keypoints, scores = make_decoder(algorithm).decode(
        maps[:19], maps[19:], size_input=(112, 96), size_image=(112, 96)
    )
    assert keypoints.shape == (0, 18, 3)
    assert len(scores) == 0


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 0.5])
def test_decode_constant_maps_give_no_poses(value: float) -> None:
    maps = np.full((57, 46, 82), value, np.float32)
    keypoints, _ = _decode(maps[:19], maps[19:])
    assert len(keypoints) == 0


def test_decode_a_nan_block_leaves_the_others_as_they_were() -> None:
    output = _output()
    expected, _ = _decode(output[:19], output[19:])
    empty = np.argwhere(np.abs(output[:18]).max(0) + np.abs(output[19:]).max(0) < 1e-6)
    y, x = empty[len(empty) // 2]
    output[:, y, x] = np.nan
    found, _ = _decode(output[:19], output[19:])
    np.testing.assert_array_equal(found, expected)


def test_decode_thousands_of_peaks_gives_finite_poses() -> None:
    rng = np.random.default_rng(0)
    maps = np.zeros((57, 92, 164), np.float32)
    maps[:19, ::2, ::2] = rng.uniform(0.5, 1, (19, 46, 82))
    maps[19:] = rng.normal(0, 0.7, (38, 92, 164))
    keypoints, scores = make_decoder("fast", "baseline").decode(
        maps[:19], maps[19:], size_input=(1312, 736), size_image=(1312, 736)
    )
    assert np.isfinite(scores).all()
    assert np.isfinite(keypoints[keypoints[:, :, 2] > 0]).all()


def test_decode_four_threads_give_the_answers_of_one() -> None:
    decoder = make_decoder("fast")
    scenes = [make_scene(20, "656", "crowd", seed) for seed in range(4)]

    def decode(index: int) -> Floats:
        scene = scenes[index]
        return decoder.decode(scene.heatmaps, scene.pafs, **SIZES)[0]

    expected = [decode(index) for index in range(4)]
    failures: list[int] = []

    def repeat(index: int) -> None:
        same = [np.array_equal(decode(index), expected[index], equal_nan=True) for _ in range(50)]
        failures.extend([index] * same.count(False))

    threads = [threading.Thread(target=repeat, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


@pytest.mark.parametrize("simd", ["baseline", "avx2", "avx512"])
def test_decode_every_level_gives_the_same_bits(simd: str) -> None:
    try:
        decoder = make_decoder("fast", simd)
    except ValueError as error:
        pytest.skip(str(error))
    for seed in range(3):
        scene = make_scene(50, "656", "crowd", seed)
        expected = make_decoder("fast").decode(scene.heatmaps, scene.pafs, **SIZES)
        found = decoder.decode(scene.heatmaps, scene.pafs, **SIZES)
        np.testing.assert_array_equal(found[0], expected[0])
        np.testing.assert_array_equal(found[1], expected[1])


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"algorithm": "slow"}, "got slow"),
        ({"simd": "mmx"}, "got mmx"),
        ({"colour": 3.0}, "colour"),
        ({"samples": 0}, "samples"),
        ({"score_min": "high"}, "high"),
        ({"keypoint_count": 3}, "of 3"),
        ({"paf_channels": np.zeros((3, 2), np.int32)}, "(3, 2)"),
        ({"limbs": np.asarray(OPENPOSE18.limbs, np.int64)}, "int64"),
    ],
)
def test_decoder_wrong_arguments_are_refused_by_name(
    arguments: dict[str, object], text: str
) -> None:
    given: dict[str, object] = {
        "limbs": np.asarray(OPENPOSE18.limbs, np.int32),
        "paf_channels": np.asarray(OPENPOSE18_PAF_CHANNELS, np.int32),
        "keypoint_count": 18,
    }
    with pytest.raises(ValueError, match=r".") as caught:
        _native.PafDecoder(**(given | arguments))  # type: ignore[arg-type]
    assert text in str(caught.value)


def test_paf_decode_maps_points_to_the_frame() -> None:
    decode = PafDecode(OPENPOSE18, OPENPOSE18_PAF_CHANNELS)
    scene = make_scene(1, "656", "clean", 0)
    transform = fit((1312, 736), InputSpec(height=368, max_width=656, stride=8))
    poses = decode([np.concatenate([scene.heatmaps, scene.pafs])[None]], transform)
    assert len(poses) == 1
    np.testing.assert_allclose(poses.keypoints[0, :, :2], scene.points[0] * 2, atol=0.2)


def test_paf_decode_output_without_batch_is_refused() -> None:
    decode = PafDecode(OPENPOSE18, OPENPOSE18_PAF_CHANNELS)
    transform = fit((656, 368), InputSpec(height=368, max_width=656, stride=8))
    with pytest.raises(ValueError, match="57, 46, 82"):
        decode([np.zeros((57, 46, 82), np.float32)], transform)
