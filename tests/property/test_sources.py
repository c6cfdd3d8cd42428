"""One picture in every form that a frame may have: all say the same."""

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from posewire_server.frame import EncodedImage, PixelFormat, RawImage, SharedMemoryImage, Source
from posewire_server.inference.reader import SourceReader
from posewire_server.inference.sources.picture import Picture

from tests.serving.pictures import encode, noise, with_orientation
from tests.serving.shared_object import FOLDER, SharedObject

Image = npt.NDArray[np.uint8]
MAX_PIXELS = 200_000
sides = st.integers(1, 40).map(lambda half: 2 * half)
paddings = st.integers(0, 9).map(lambda half: 2 * half)


def slope(width: int, height: int) -> Image:
    """Returns a (height, width, 3) picture that lossy forms keep: it rises evenly, of one tint."""
    y, x = np.mgrid[:height, :width]
    luma = 40 + 1.3 * x + 0.8 * y
    return np.dstack([luma - 15, luma, luma + 20]).astype(np.uint8)


def raw(image: Image, pixel_format: PixelFormat, padding: int) -> RawImage:
    """Returns an image in a format, its rows padded."""
    height, width = image.shape[:2]
    planes = [_interleaved(image, pixel_format)]
    if pixel_format in (PixelFormat.NV12, PixelFormat.I420):
        packed = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420), np.uint8)
        u, v = packed[height:].reshape(2, height // 2, width // 2)
        both = np.dstack([u, v]).reshape(height // 2, width)
        is_nv12 = pixel_format is PixelFormat.NV12
        planes = [packed[:height], both] if is_nv12 else [packed[:height], u, v]
    row_bytes = planes[0].shape[1]
    gaps = [padding if plane.shape[1] == row_bytes else padding // 2 for plane in planes]
    padded = [np.pad(plane, ((0, 0), (0, gap))) for plane, gap in zip(planes, gaps, strict=True)]
    content = b"".join(plane.tobytes() for plane in padded)
    return RawImage(pixel_format, width, height, row_bytes + padding if padding else 0, content)


def _interleaved(image: Image, pixel_format: PixelFormat) -> Image:
    if pixel_format is PixelFormat.GRAY:
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)
    ordered = image[:, :, ::-1] if pixel_format is PixelFormat.RGB else image
    return ordered.reshape(len(image), -1)


def read(source: Source, reduction: int = 1) -> Picture:
    reader = SourceReader(MAX_PIXELS, is_local=True)
    try:
        return reader.read(source, lambda _size: reduction)
    finally:
        reader.close()


def near(picture: Picture, image: Image, *, levels: float) -> bool:
    """Whether a picture shows an image, in the mean to so many levels of 255."""
    assert picture.size == (image.shape[1], image.shape[0])
    n = picture.reduction
    padded = np.pad(image, ((0, -len(image) % n), (0, -image.shape[1] % n), (0, 0)), "edge")
    height, width = len(padded) // n, padded.shape[1] // n
    expected = padded.reshape(height, n, width, n, 3).mean((1, 3))
    assert picture.image.shape == expected.shape
    return float(np.abs(picture.image - expected).mean()) <= levels


@settings(max_examples=40, deadline=None)
@given(width=sides, height=sides, padding=paddings, reduction=st.sampled_from([1, 2, 4, 8]))
def test_read_raw_formats_give_the_same_picture(
    width: int, height: int, padding: int, reduction: int
) -> None:
    image = slope(width, height)
    for pixel_format in (PixelFormat.BGR, PixelFormat.RGB):
        picture = read(raw(image, pixel_format, padding), reduction)
        assert np.array_equal(picture.image, image)
    planar = [
        read(raw(image, pixel_format, padding), reduction)
        for pixel_format in (PixelFormat.NV12, PixelFormat.I420)
    ]
    assert planar[0].reduction == reduction
    assert np.array_equal(planar[0].image, planar[1].image)
    assert near(planar[0], image, levels=3.0)
    grey = read(raw(image, PixelFormat.GRAY, padding), reduction)
    luma = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)
    assert np.array_equal(grey.image, np.repeat(luma[:, :, None], 3, axis=2))


@settings(max_examples=40, deadline=None)
@given(width=st.integers(1, 90), height=st.integers(1, 90), reduction=st.sampled_from([1, 2, 4, 8]))
def test_read_files_give_the_same_picture(width: int, height: int, reduction: int) -> None:
    image = slope(width, height)
    assert np.array_equal(read(EncodedImage(encode(image, ".png")), reduction).image, image)
    assert near(read(EncodedImage(encode(image, ".webp")), reduction), image, levels=3.0)
    picture = read(EncodedImage(encode(image, ".jpg")), reduction)
    assert picture.reduction == reduction
    assert near(picture, image, levels=3.0)


@pytest.mark.skipif(not FOLDER.is_dir(), reason="this system has no /dev/shm")
@settings(max_examples=30, deadline=None)
@given(
    width=sides,
    height=sides,
    padding=paddings,
    offset=st.integers(0, 5000),
    pixel_format=st.sampled_from(PixelFormat),
    reduction=st.sampled_from([1, 2, 4, 8]),
)
def test_read_shared_memory_gives_what_the_bytes_give(
    width: int, height: int, padding: int, offset: int, pixel_format: PixelFormat, reduction: int
) -> None:
    source = raw(noise(width, height), pixel_format, padding)
    with SharedObject(bytes(offset) + bytes(source.pixels)) as shared:
        length = len(source.pixels)
        image = SharedMemoryImage(shared.name, offset, length, source)
        picture = read(image, reduction)
    expected = read(source, reduction)
    assert (picture.size, picture.reduction) == (expected.size, expected.reduction)
    assert np.array_equal(picture.image, expected.image)


@pytest.mark.parametrize("reduction", [1, 2, 4, 8])
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("size", [(96, 64), (64, 64), (97, 66)])
def test_read_turned_file_gives_the_upright_picture(
    size: tuple[int, int], orientation: int, reduction: int
) -> None:
    turned = with_orientation(encode(noise(*size)), orientation)
    upright = read(EncodedImage(turned)).image
    picture = read(EncodedImage(turned), reduction)
    assert near(picture, upright, levels=8.0)
    assert picture.reduction == (1 if size[0] % reduction else reduction)
