import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from posewire_server.errors import SourceError
from posewire_server.frame import PixelFormat, RawImage
from posewire_server.inference.sources.image import decode_image
from posewire_server.inference.sources.raw_image import raw_picture

PICTURE = np.random.default_rng(3).integers(0, 256, (24, 33, 3), np.uint8)
FILES = [cv2.imencode(suffix, PICTURE)[1].tobytes() for suffix in (".jpg", ".png", ".webp")]
REASONS = {
    "IMAGE_EMPTY",
    "IMAGE_FORMAT_UNSUPPORTED",
    "IMAGE_UNDECODABLE",
    "IMAGE_TOO_LARGE",
}


def decodes_or_says_why(encoded: bytes) -> None:
    try:
        image = decode_image(encoded, max_pixels=10_000)
    except SourceError as error:
        assert error.reason in REASONS  # noqa: PT017
    else:
        assert image.ndim == 3
        assert image.size <= 30_000


@given(st.binary(max_size=300))
@example(b"\xff\xd8")
@example(b"\xff\xd8\xff\xc0")
@example(b"\x89PNG\r\n\x1a\n")
@example(b"RIFF\0\0\0\0WEBPVP8X")
def test_decode_any_bytes_gives_an_image_or_a_reason(encoded: bytes) -> None:
    decodes_or_says_why(encoded)


@pytest.mark.parametrize("file", FILES, ids=["jpeg", "png", "webp"])
@settings(max_examples=200)
@given(
    changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=8),
    kept=st.floats(0, 1),
)
def test_decode_damaged_file_gives_an_image_or_a_reason(
    file: bytes, changes: list[tuple[float, int]], kept: float
) -> None:
    damaged = bytearray(file)
    for place, value in changes:
        damaged[int(place * len(file))] = value
    decodes_or_says_why(bytes(damaged[: round(kept * len(file))]))


@given(
    pixel_format=st.sampled_from(["BGR", "RGB", "GRAY", "NV12", "I420"]),
    width=st.integers(0, 40),
    height=st.integers(0, 40),
    stride=st.integers(0, 130),
    length=st.integers(0, 6000),
)
def test_raw_any_sizes_give_an_image_or_a_reason(
    pixel_format: str, width: int, height: int, stride: int, length: int
) -> None:
    try:
        raw = RawImage(PixelFormat[pixel_format], width, height, stride, bytes(length))
        image = raw_picture(raw, max_pixels=900).image
    except SourceError as error:
        assert error.reason in {"RAW_IMAGE_MALFORMED", "IMAGE_TOO_LARGE"}  # noqa: PT017
    else:
        assert image.shape == (height, width, 3)
        assert int(image.sum()) >= 0  # every pixel can be read
