from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from posewire_server.errors import SourceError
from posewire_server.frame import ColorMatrix, ColorRange, PixelFormat, RawImage
from posewire_server.inference.sources.raw_image import raw_picture

MAX_PIXELS = 1_000_000
RNG = np.random.default_rng(5)


def raw_image(
    pixel_format: str, width: int, height: int, stride: int, pixels: bytes, *, max_pixels: int
) -> npt.NDArray[np.uint8]:
    raw = RawImage(PixelFormat[pixel_format], width, height, stride, pixels)
    return raw_picture(raw, max_pixels=max_pixels).image


def random_pixels(height: int, width: int) -> npt.NDArray[np.uint8]:
    return RNG.integers(0, 256, (height, width, 3), np.uint8)


def smooth_bgr(height: int, width: int) -> npt.NDArray[np.uint8]:
    y, x = np.mgrid[0:height, 0:width]
    planes = (60 + x * 99 // width, 90 + y * 99 // height, 80 + (x + y) * 70 // (width + height))
    return np.stack(planes, axis=2).astype(np.uint8)


def with_stride(rows: npt.NDArray[Any], stride: int) -> bytes:
    """The rows (H, bytes) at a larger distance, with noise between them."""
    padded = RNG.integers(0, 256, (len(rows), stride), np.uint8)
    padded[:, : rows.shape[1]] = rows
    return padded.tobytes()


@pytest.mark.parametrize("stride", [0, 21, 32])
@pytest.mark.parametrize("pixel_format", ["BGR", "RGB"])
def test_raw_interleaved_gives_a_bgr_view(pixel_format: str, stride: int) -> None:
    bgr = random_pixels(5, 7)
    sent = bgr if pixel_format == "BGR" else bgr[:, :, ::-1]
    pixels = with_stride(sent.reshape(5, 21), stride or 21)
    image = raw_image(pixel_format, 7, 5, stride, pixels, max_pixels=MAX_PIXELS)
    np.testing.assert_array_equal(image, bgr)
    assert np.shares_memory(image, np.frombuffer(pixels, np.uint8))
    assert not image.flags.writeable


def test_raw_gray_gives_equal_channels() -> None:
    gray = random_pixels(5, 7)[:, :, 0]
    image = raw_image("GRAY", 7, 5, 16, with_stride(gray, 16), max_pixels=MAX_PIXELS)
    np.testing.assert_array_equal(image, np.repeat(gray[:, :, None], 3, axis=2))


@pytest.mark.parametrize("padding", [0, 4])
@pytest.mark.parametrize("pixel_format", ["NV12", "I420"])
def test_raw_yuv420_gives_bgr(pixel_format: str, padding: int) -> None:
    bgr = smooth_bgr(12, 16)
    i420 = cv2.cvtColor(bgr, cv2.COLOR_BGR2YUV_I420)
    luma = i420[:12]
    chroma: npt.NDArray[Any] = i420[12:].reshape(2, 6, 8)
    if pixel_format == "NV12":
        chroma = np.dstack([chroma[0], chroma[1]]).reshape(6, 16)
        planes = with_stride(luma, 16 + padding) + with_stride(chroma, 16 + padding)
    else:
        both = [with_stride(plane, 8 + padding // 2) for plane in chroma]
        planes = with_stride(luma, 16 + padding) + b"".join(both)
    image = raw_image(pixel_format, 16, 12, 16 + padding, planes, max_pixels=MAX_PIXELS)
    assert image.shape == (12, 16, 3)
    assert np.abs(image.astype(int) - bgr).max() <= 12


@pytest.mark.parametrize(
    ("matrix", "color_range", "expected"),
    [
        (None, None, (0, 9, 234)),
        (ColorMatrix.BT601, ColorRange.LIMITED, (0, 9, 234)),
        (ColorMatrix.BT709, None, (0, 30, 254)),
        (None, ColorRange.FULL, (7, 23, 220)),
        (ColorMatrix.BT709, ColorRange.FULL, (4, 41, 237)),
    ],
)
@pytest.mark.parametrize("pixel_format", ["NV12", "I420"])
def test_raw_yuv420_has_the_colours_that_its_sender_says(
    pixel_format: str,
    matrix: ColorMatrix | None,
    color_range: ColorRange | None,
    expected: tuple[int, int, int],
) -> None:
    pixels = bytes([80, 80, 80, 80, 87, 228])
    raw = RawImage(PixelFormat[pixel_format], 2, 2, 0, pixels, matrix, color_range)
    image = raw_picture(raw, max_pixels=MAX_PIXELS).image
    assert np.abs(image.astype(int) - expected).max() <= 1


@pytest.mark.parametrize("colors", [(ColorMatrix.BT601, None), (None, ColorRange.FULL)])
@pytest.mark.parametrize("pixel_format", ["BGR", "RGB", "GRAY"])
def test_raw_format_without_chroma_planes_refuses_matrix_and_range(
    pixel_format: str, colors: tuple[ColorMatrix | None, ColorRange | None]
) -> None:
    raw = RawImage(PixelFormat[pixel_format], 2, 2, 0, bytes(12), *colors)
    with pytest.raises(SourceError, match=f"{pixel_format} has no color_matrix") as caught:
        raw_picture(raw, max_pixels=MAX_PIXELS)
    assert caught.value.reason == "RAW_IMAGE_MALFORMED"


@pytest.mark.parametrize(
    ("pixel_format", "expected"),
    [("BGR", 3 * 32 + 18), ("GRAY", 3 * 32 + 6), ("NV12", 5 * 32 + 6), ("I420", 5 * 32 + 19)],
)
def test_raw_last_row_may_lack_its_padding(pixel_format: str, expected: int) -> None:
    pixels = bytes(expected)
    assert raw_image(pixel_format, 6, 4, 32, pixels, max_pixels=24).shape == (4, 6, 3)
    with pytest.raises(SourceError) as caught:
        raw_image(pixel_format, 6, 4, 32, pixels[:-1], max_pixels=24)
    assert caught.value.reason == "RAW_IMAGE_MALFORMED"
    assert caught.value.metadata == {
        "expected_bytes": str(expected),
        "got_bytes": str(expected - 1),
    }


@pytest.mark.parametrize(
    ("pixel_format", "width", "height", "stride", "quoted"),
    [
        ("BGR", 0, 4, 0, "0x4"),
        ("BGR", 4, 0, 0, "4x0"),
        ("BGR", 4, 4, 11, "at least 12"),
        ("GRAY", 4, 4, 3, "at least 4"),
        ("NV12", 3, 4, 0, "even"),
        ("I420", 4, 3, 0, "even"),
        ("NV12", 4, 4, 5, "stride 5"),
    ],
)
def test_raw_malformed_says_what_was_got_and_expected(
    pixel_format: str, width: int, height: int, stride: int, quoted: str
) -> None:
    with pytest.raises(SourceError, match=quoted) as caught:
        raw_image(pixel_format, width, height, stride, bytes(1000), max_pixels=MAX_PIXELS)
    assert caught.value.reason == "RAW_IMAGE_MALFORMED"


@pytest.mark.parametrize(("width", "height"), [(11, 10), (65536, 1), (2**32 - 1, 2**32 - 1)])
def test_raw_too_many_pixels_is_too_large(width: int, height: int) -> None:
    with pytest.raises(SourceError) as caught:
        raw_image("BGR", width, height, 0, b"", max_pixels=100)
    assert caught.value.reason == "IMAGE_TOO_LARGE"


def test_raw_huge_stride_is_malformed() -> None:
    with pytest.raises(SourceError) as caught:
        raw_image("NV12", 2, 2, 2**32 - 2, bytes(100), max_pixels=100)
    assert caught.value.reason == "RAW_IMAGE_MALFORMED"
