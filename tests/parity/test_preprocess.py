"""The native preprocessing against a slow oracle that follows its definition word by word."""

import threading
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from posewire_server import _native

MEAN, SCALE, PAD = (12.5, 100.0, 0.0), (1.0, 0.25, 1 / 127.5), -3.0
SIZES = {
    "vga": ((480, 640), (368, 491)),
    "full hd": ((1080, 1920), (368, 654)),
    "enlarged": ((90, 120), (368, 491)),
    "same size": ((37, 41), (37, 41)),
    "half": ((64, 96), (32, 48)),
    "one pixel": ((1, 1), (5, 9)),
    "one row": ((1, 300), (3, 20)),
    "one column": ((300, 1), (20, 3)),
    "to one pixel": ((300, 200), (1, 1)),
    "narrow": ((11, 7), (23, 2)),
}
Image = npt.NDArray[np.uint8]
Planes = npt.NDArray[np.float32]


def levels() -> list[str]:
    """The dispatch levels of this machine: those that are not refused."""
    image, output = np.zeros((1, 1, 3), np.uint8), np.empty((3, 1, 1), np.float32)
    found = []
    for level in ("baseline", "avx2", "avx512"):
        try:
            run(image, output, (1, 1), simd=level)
        except ValueError:
            continue
        found.append(level)
    return found


def run(
    image: Image,
    output: Planes,
    size_valid: tuple[int, int],
    *,
    swap: bool = False,
    simd: str = "auto",
) -> Planes:
    _native.preprocess(
        image,
        output,
        size_valid=size_valid,
        mean=MEAN,
        scale=SCALE,
        pad=PAD,
        swap_red_blue=swap,
        simd=simd,
    )
    return output


def weights(size_in: int, size_out: int) -> npt.NDArray[np.float64]:
    """(size_out, size_in): a triangle around each pixel's centre, normalised."""
    ratio = size_in / size_out
    radius = max(1.0, ratio / 2)
    centre = (np.arange(size_out)[:, None] + 0.5) * ratio
    distance = np.abs(np.arange(size_in) + 0.5 - centre) / radius
    triangle: npt.NDArray[np.float64] = np.maximum(0, 1 - distance)
    return triangle / triangle.sum(axis=1, keepdims=True)


def oracle(image: Image, output: Planes, size_valid: tuple[int, int], *, swap: bool) -> Planes:
    width, height = size_valid
    rows, columns = weights(len(image), height), weights(image.shape[1], width)
    resized = np.einsum("yh,hwc,xw->cyx", rows, image.astype(float), columns, optimize=True)
    shown = resized[::-1] if swap else resized
    expected = np.full(output.shape, PAD)
    offsets, scales = np.reshape(MEAN, (3, 1, 1)), np.reshape(SCALE, (3, 1, 1))
    expected[:, :height, :width] = (shown - offsets) * scales
    return expected


@pytest.mark.parametrize("swap", [False, True])
@pytest.mark.parametrize(("size_image", "size_valid"), SIZES.values(), ids=SIZES)
def test_preprocess_equals_the_oracle(
    size_image: tuple[int, int], size_valid: tuple[int, int], *, swap: bool
) -> None:
    image = np.random.default_rng(1).integers(0, 256, (*size_image, 3), np.uint8)
    height, width = size_valid
    output = np.full((3, height + 3, width + 5), np.nan, np.float32)
    expected = oracle(image, output, (width, height), swap=swap)
    run(image, output, (width, height), swap=swap)
    assert np.nanmax(np.abs(output - expected)) < 0.03


@pytest.mark.parametrize(("size_image", "size_valid"), SIZES.values(), ids=SIZES)
def test_preprocess_gives_the_same_bits_on_every_level(
    size_image: tuple[int, int], size_valid: tuple[int, int]
) -> None:
    image = np.random.default_rng(2).integers(0, 256, (*size_image, 3), np.uint8)
    height, width = size_valid
    outputs = [
        run(image, np.empty((3, height, width), np.float32), (width, height), simd=level)
        for level in levels()
    ]
    for output in outputs[1:]:
        np.testing.assert_array_equal(output, outputs[0])


VIEWS: dict[str, Callable[[Image], Image]] = {
    "crop": lambda image: image[3:40, 5:60],
    "every second": lambda image: image[::2, ::2],
    "upside down": lambda image: image[::-1],
    "mirrored": lambda image: image[:, ::-1],
    "channels reversed": lambda image: image[:, :, ::-1],
    "four bytes a pixel": lambda image: np.concatenate([image, image[:, :, :1]], axis=2)[:, :, :3],
    "one channel three times": lambda image: np.broadcast_to(image[:, :, 1:2], image.shape),
    "planes": lambda image: np.ascontiguousarray(image.transpose(2, 0, 1)).transpose(1, 2, 0),
    "transposed": lambda image: image.transpose(1, 0, 2),
}


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_preprocess_reads_any_strides(view: Callable[[Image], Image]) -> None:
    strided = view(np.random.default_rng(3).integers(0, 256, (64, 80, 3), np.uint8))
    outputs = [
        run(image, np.empty((3, 30, 32), np.float32), (32, 30))
        for image in (strided, np.ascontiguousarray(strided))
    ]
    np.testing.assert_array_equal(outputs[0], outputs[1])


def test_preprocess_of_changing_sizes_forgets_the_one_before() -> None:
    rng = np.random.default_rng(4)
    for height, width in [(100, 90), (30, 200), (100, 90), (7, 5)]:
        image = rng.integers(0, 256, (height, width, 3), np.uint8)
        output = np.empty((3, 24, 40), np.float32)
        expected = oracle(image, output, (37, 20), swap=False)
        np.testing.assert_allclose(run(image, output, (37, 20)), expected, atol=0.03)


def test_preprocess_in_four_threads_gives_the_answers_of_one() -> None:
    rng = np.random.default_rng(5)
    images = [rng.integers(0, 256, (90 + 7 * i, 120 - 5 * i, 3), np.uint8) for i in range(8)]

    def answers() -> list[Planes]:
        return [run(image, np.empty((3, 48, 64), np.float32), (60, 48)) for image in images]

    expected = answers()
    results: list[list[Planes]] = []
    threads = [threading.Thread(target=lambda: results.append(answers())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4
    for result in results:
        np.testing.assert_array_equal(np.stack(result), np.stack(expected))


@pytest.mark.parametrize(
    ("image", "output", "size_valid", "quoted"),
    [
        (np.zeros((4, 4), np.uint8), (3, 4, 4), (4, 4), r"\(4, 4\)"),
        (np.zeros((4, 4, 4), np.uint8), (3, 4, 4), (4, 4), r"\(4, 4, 4\)"),
        (np.zeros((0, 4, 3), np.uint8), (3, 4, 4), (4, 4), r"\(0, 4, 3\)"),
        (np.zeros((4, 4, 3), np.uint8), (1, 4, 4), (4, 4), r"\(1, 4, 4\)"),
        (np.zeros((4, 4, 3), np.uint8), (3, 4, 4), (5, 4), "5x4"),
        (np.zeros((4, 4, 3), np.uint8), (3, 4, 4), (4, 0), "4x0"),
    ],
)
def test_preprocess_wrong_sizes_are_quoted(
    image: Image, output: tuple[int, ...], size_valid: tuple[int, int], quoted: str
) -> None:
    with pytest.raises(ValueError, match=quoted):
        run(image, np.empty(output, np.float32), size_valid)


def test_preprocess_strided_output_is_refused() -> None:
    output = np.empty((3, 4, 8), np.float32)[:, :, ::2]
    with pytest.raises(ValueError, match="C-contiguous"):
        run(np.zeros((4, 4, 3), np.uint8), output, (4, 4))


@pytest.mark.parametrize(
    ("image_type", "output_type"), [(np.float32, np.float32), (np.uint8, np.float64)]
)
def test_preprocess_wrong_types_are_not_converted(image_type: type, output_type: type) -> None:
    with pytest.raises(TypeError):
        run(np.zeros((4, 4, 3), image_type), np.empty((3, 4, 4), output_type), (4, 4))
