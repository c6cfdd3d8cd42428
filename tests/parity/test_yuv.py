"""The native conversion of 4:2:0 planes against an oracle in NumPy, and against OpenCV's."""

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from posewire_server import _native
from posewire_server.frame import ColorMatrix, ColorRange
from posewire_server.inference.sources.picture import Planes

Image = npt.NDArray[np.uint8]
SHARES = {ColorMatrix.BT601: (0.299, 0.114), ColorMatrix.BT709: (0.2126, 0.0722)}
SIZES = [(1, 1), (2, 2), (3, 5), (16, 16), (17, 31), (48, 66), (270, 481)]


def planes(height: int, width: int) -> tuple[Image, Image, Image]:
    rng = np.random.default_rng(height * width)
    half = (height + 1) // 2, (width + 1) // 2
    y, u, v = (rng.integers(0, 256, shape, np.uint8) for shape in ((height, width), half, half))
    return y, u, v


def convert(
    y: Image,
    u: Image,
    v: Image,
    output: Image,
    *,
    reduction: int = 1,
    matrix: str = "bt601",
    full_range: bool = False,
    simd: str = "auto",
) -> None:
    _native.yuv_to_bgr(
        y, u, v, output, reduction=reduction, matrix=matrix, full_range=full_range, simd=simd
    )


def levels() -> list[str]:
    """The dispatch levels of this machine: those that are not refused."""
    y, u, v = planes(2, 2)
    found = []
    for level in ("baseline", "avx2", "avx512"):
        try:
            convert(y, u, v, np.empty((2, 2, 3), np.uint8), simd=level)
        except ValueError:
            continue
        found.append(level)
    return found


def mean(plane: npt.NDArray[np.floating], n: int) -> npt.NDArray[np.floating]:
    height, width = plane.shape
    plane = np.pad(plane, ((0, -height % n), (0, -width % n)), "edge")
    return plane.reshape(len(plane) // n, n, plane.shape[1] // n, n).mean((1, 3))


def oracle(
    y: Image, u: Image, v: Image, reduction: int, matrix: ColorMatrix, color_range: ColorRange
) -> npt.NDArray[np.floating]:
    """The definition, word by word; not rounded."""
    red, blue = SHARES[matrix]
    luma = mean(y.astype(float), reduction)
    chroma = [u, v] if reduction > 1 else [plane.repeat(2, 0).repeat(2, 1) for plane in (u, v)]
    cut = np.s_[: luma.shape[0], : luma.shape[1]]
    b, r = (mean(plane.astype(float), max(1, reduction // 2))[cut] - 128 for plane in chroma)
    if color_range is ColorRange.LIMITED:
        luma, b, r = np.maximum(luma - 16, 0) * (255 / 219), b * (255 / 224), r * (255 / 224)
    b, r = b * (2 - 2 * blue), r * (2 - 2 * red)
    green = luma - (r * red + b * blue) / (1 - red - blue)
    return np.clip(np.dstack([luma + b, green, luma + r]), 0, 255)


@pytest.mark.parametrize("color_range", ColorRange)
@pytest.mark.parametrize("matrix", ColorMatrix)
@pytest.mark.parametrize("reduction", [1, 2, 4, 8])
@pytest.mark.parametrize(("height", "width"), SIZES)
def test_yuv_equals_the_oracle(
    height: int, width: int, reduction: int, matrix: ColorMatrix, color_range: ColorRange
) -> None:
    y, u, v = planes(height, width)
    image = Planes(y, u, v, reduction, matrix, color_range).to_image()
    expected = oracle(y, u, v, reduction, matrix, color_range)
    assert image.shape == expected.shape
    assert np.abs(image - expected).max() <= 0.85  # half for rounding, the rest for 16 bits


@pytest.mark.parametrize("color_range", ColorRange)
@pytest.mark.parametrize("matrix", ColorMatrix)
@pytest.mark.parametrize("reduction", [1, 2, 4, 8])
def test_yuv_of_every_luma_and_sampled_chroma_is_within_a_level_of_the_oracle(
    reduction: int, matrix: ColorMatrix, color_range: ColorRange
) -> None:
    """Luma rises along rows; each pair of rows has one chroma; blocks are of one value."""
    steps = np.array([*range(0, 256, 16), 1, 15, 17, 127, 129, 235, 239, 241, 254, 255], np.uint8)
    chroma = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    y = np.tile(np.arange(256, dtype=np.uint8), (2 * len(chroma), 1))
    u, v = (np.repeat(chroma[:, [channel]], 128, axis=1) for channel in (0, 1))
    expected = oracle(y, u, v, 1, matrix, color_range)
    y, u, v = (plane.repeat(reduction, 0).repeat(reduction, 1) for plane in (y, u, v))
    image = np.empty(expected.shape, np.uint8)
    is_full = color_range is ColorRange.FULL
    for level in levels():
        convert(
            y, u, v, image, reduction=reduction, matrix=matrix.value, full_range=is_full, simd=level
        )
        assert np.abs(image - expected).max() <= 1, level


@pytest.mark.parametrize("name", ["NV12", "I420"])
def test_yuv_at_full_size_is_near_opencv(name: str) -> None:
    packed = np.random.default_rng(1).integers(0, 256, (96, 80), np.uint8)
    expected = cv2.cvtColor(packed, getattr(cv2, f"COLOR_YUV2BGR_{name}"))
    chroma = packed[64:]
    if name == "NV12":
        u, v = chroma.reshape(32, 40, 2).transpose(2, 0, 1)
    else:
        u, v = chroma.reshape(2, 32, 40)
    image = Planes(packed[:64], u, v).to_image()
    assert np.abs(image.astype(int) - expected).max() <= 1


VIEWS: dict[str, Callable[[Image], Image]] = {
    "padded rows": lambda plane: np.pad(plane, ((0, 0), (0, 9)))[:, :-9],
    "every third": lambda plane: plane.repeat(3, 1)[:, ::3],
    "upside down": lambda plane: np.ascontiguousarray(plane[::-1])[::-1],
    "mirrored": lambda plane: np.ascontiguousarray(plane[:, ::-1])[:, ::-1],
    "one value": lambda plane: np.broadcast_to(plane[:1, :1], plane.shape),
}


@pytest.mark.parametrize("reduction", [1, 2, 4])
@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_yuv_reads_any_strides(view: Callable[[Image], Image], reduction: int) -> None:
    strided = [view(plane) for plane in planes(37, 53)]
    packed = [np.ascontiguousarray(plane) for plane in strided]
    np.testing.assert_array_equal(
        Planes(*strided, reduction).to_image(), Planes(*packed, reduction).to_image()
    )


@pytest.mark.parametrize("reduction", [1, 2, 4, 8])
def test_yuv_gives_the_same_bits_on_every_level_and_in_every_layout(reduction: int) -> None:
    y, u, v = planes(75, 331)
    size = -(-75 // reduction), -(-331 // reduction)
    images = []
    for level in levels():
        layouts = (np.empty((*size, 3), np.uint8), np.empty((size[0], 3, size[1]), np.uint8))
        for image in (layouts[0], layouts[1].transpose(0, 2, 1)):
            convert(y, u, v, image, reduction=reduction, simd=level)
            images.append(image)
    for image in images[1:]:
        np.testing.assert_array_equal(image, images[0])


@pytest.mark.parametrize(
    ("y", "u", "output", "reduction", "quoted"),
    [
        ((4,), (2, 2), (4, 4, 3), 1, "y must be"),
        ((0, 4), (0, 2), (0, 4, 3), 1, "y must be"),
        ((4, 4), (2, 3), (4, 4, 3), 1, r"u must be \(2, 2\)"),
        ((5, 4), (2, 2), (5, 4, 3), 1, r"u must be \(3, 2\)"),
        ((4, 4), (2, 2), (4, 4, 4), 1, r"output must be \(4, 4, 3\)"),
        ((4, 4), (2, 2), (4, 4, 3), 2, r"output must be \(2, 2, 3\)"),
        ((4, 4), (2, 2), (4, 4, 3), 3, "reduction must be"),
    ],
)
def test_yuv_wrong_sizes_are_quoted(
    y: tuple[int, ...], u: tuple[int, ...], output: tuple[int, ...], reduction: int, quoted: str
) -> None:
    luma, chroma, bgr = (np.zeros(shape, np.uint8) for shape in (y, u, output))
    with pytest.raises(ValueError, match=quoted):
        convert(luma, chroma, chroma, bgr, reduction=reduction)


@pytest.mark.parametrize(
    "output",
    [
        np.empty((4, 8, 3), np.uint8)[:, ::2],
        np.empty((8, 4, 3), np.uint8)[::2],
        np.empty((4, 4, 3), np.uint8)[:, :, ::-1],
        np.empty((3, 4, 4), np.uint8).transpose(1, 2, 0),
    ],
)
def test_yuv_output_of_another_layout_is_refused(output: Image) -> None:
    y, u, v = planes(4, 4)
    with pytest.raises(ValueError, match="rows of pixels or rows of channels"):
        convert(y, u, v, output)


def test_yuv_wrong_type_or_matrix_is_refused() -> None:
    y, u, v = planes(4, 4)
    with pytest.raises(TypeError):
        Planes(y.astype(np.float32), u, v).to_image()  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="bt2020"):
        convert(y, u, v, np.empty((4, 4, 3), np.uint8), matrix="bt2020")
