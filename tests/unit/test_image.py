import io
import struct
import zlib
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageOps
from posewire_server.errors import SourceError
from posewire_server.inference.sources.image import decode_image

MAX_PIXELS = 1_000_000


def picture(height: int = 40, width: int = 60) -> npt.NDArray[np.uint8]:
    """A smooth BGR picture without symmetry, which survives JPEG within a few levels."""
    y, x = np.mgrid[0:height, 0:width]
    planes = (x * 255 // width, y * 255 // height, (x + 2 * y) * 255 // (width + 2 * height))
    return np.stack(planes, axis=2).astype(np.uint8)


def encode(suffix: str, image: npt.NDArray[Any], *options: int) -> bytes:
    return cv2.imencode(suffix, image, options)[1].tobytes()


def pillow_bytes(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def png_chunk(kind: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
    )


def reason_of(encoded: bytes, max_pixels: int = MAX_PIXELS) -> str:
    with pytest.raises(SourceError) as caught:
        decode_image(encoded, max_pixels=max_pixels)
    return caught.value.reason


@pytest.mark.parametrize(
    ("suffix", "options", "tolerance"),
    [
        (".jpg", (cv2.IMWRITE_JPEG_QUALITY, 98), 4),
        (".jpg", (cv2.IMWRITE_JPEG_QUALITY, 98, cv2.IMWRITE_JPEG_PROGRESSIVE, 1), 4),
        (".png", (), 0),
        (".webp", (cv2.IMWRITE_WEBP_QUALITY, 101), 0),
        (".webp", (cv2.IMWRITE_WEBP_QUALITY, 100), 8),
    ],
    ids=["jpeg", "progressive jpeg", "png", "lossless webp", "lossy webp"],
)
def test_decode_colour_gives_bgr(suffix: str, options: tuple[int, ...], tolerance: int) -> None:
    decoded = decode_image(encode(suffix, picture(), *options), max_pixels=MAX_PIXELS)
    assert decoded.shape == (40, 60, 3)
    assert decoded.dtype == np.uint8
    assert decoded.flags.c_contiguous
    assert np.abs(decoded.astype(int) - picture()).max() <= tolerance


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_decode_grey_gives_equal_channels(suffix: str) -> None:
    grey = picture()[:, :, 2]
    decoded = decode_image(encode(suffix, grey), max_pixels=MAX_PIXELS)
    assert (decoded == decoded[:, :, :1]).all()
    assert np.abs(decoded[:, :, 0].astype(int) - grey).max() <= 4


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_decode_16_bit_png_keeps_the_high_byte(channels: int) -> None:
    deep = np.repeat(picture()[:, :, :1], channels, axis=2).astype(np.uint16) * 257
    decoded = decode_image(encode(".png", deep), max_pixels=MAX_PIXELS)
    np.testing.assert_array_equal(decoded, np.repeat(picture()[:, :, :1], 3, axis=2))


@pytest.mark.parametrize(
    ("suffix", "options"), [(".png", ()), (".webp", (cv2.IMWRITE_WEBP_QUALITY, 101))]
)
def test_decode_alpha_drops_it(suffix: str, options: tuple[int, ...]) -> None:
    alpha = np.full((40, 60, 1), 7, np.uint8)
    encoded = encode(suffix, np.concatenate([picture(), alpha], axis=2), *options)
    np.testing.assert_array_equal(decode_image(encoded, max_pixels=MAX_PIXELS), picture())


def test_decode_palette_png_gives_its_colours() -> None:
    image = Image.fromarray(picture()[:, :, ::-1].copy()).quantize(16)
    decoded = decode_image(pillow_bytes(image, "PNG", transparency=0), max_pixels=MAX_PIXELS)
    np.testing.assert_array_equal(decoded[:, :, ::-1], np.asarray(image.convert("RGB")))


def test_decode_cmyk_jpeg_gives_bgr() -> None:
    image = Image.fromarray(picture()[:, :, ::-1].copy()).convert("CMYK")
    decoded = decode_image(pillow_bytes(image, "JPEG", quality=98), max_pixels=MAX_PIXELS)
    assert np.abs(decoded.astype(int) - picture()).mean() < 4


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_decode_exif_orientation_gives_the_upright_image(kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(picture()[:, :, ::-1].copy())
    encoded = pillow_bytes(stored, kind, exif=exif, quality=98)
    upright = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(encoded))).convert("RGB"))
    decoded = decode_image(encoded, max_pixels=MAX_PIXELS)
    assert decoded.shape == upright.shape
    assert np.abs(decoded[:, :, ::-1].astype(int) - upright).max() <= 8


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
def test_decode_single_pixel_gives_it(suffix: str) -> None:
    assert decode_image(encode(suffix, picture(1, 1)), max_pixels=1).shape == (1, 1, 3)


def test_decode_animation_gives_its_first_picture() -> None:
    first, second = (Image.new("RGB", (9, 7), colour) for colour in ("red", "blue"))
    for kind in ("PNG", "WEBP"):
        encoded = pillow_bytes(first, kind, save_all=True, append_images=[second], lossless=True)
        assert decode_image(encoded, max_pixels=63).tolist() == [[[0, 0, 255]] * 9] * 7


def test_decode_nothing_is_empty() -> None:
    assert reason_of(b"") == "IMAGE_EMPTY"


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "ICO", "PPM"])
def test_decode_other_format_is_unsupported(kind: str) -> None:
    assert reason_of(pillow_bytes(Image.new("RGB", (16, 16)), kind)) == "IMAGE_FORMAT_UNSUPPORTED"


@pytest.mark.parametrize("encoded", [b"\0", b"hello", b"<svg/>", b"RIFF\0\0\0\0WAVEfmt "])
def test_decode_no_image_is_unsupported(encoded: bytes) -> None:
    assert reason_of(encoded) == "IMAGE_FORMAT_UNSUPPORTED"


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
def test_decode_cut_file_is_undecodable(suffix: str, capfd: pytest.CaptureFixture[str]) -> None:
    encoded = encode(suffix, picture())
    for length in range(12, len(encoded), max(1, len(encoded) // 50)):
        assert reason_of(encoded[:length]) == "IMAGE_UNDECODABLE", (
            f"{length} of {len(encoded)} bytes"
        )
    assert capfd.readouterr().err == ""


def test_decode_jpeg_without_its_end_is_undecodable() -> None:
    assert reason_of(encode(".jpg", picture())[:-2]) == "IMAGE_UNDECODABLE"


def test_decode_jpeg_of_very_many_scans_is_undecodable() -> None:
    encoded = encode(".jpg", picture(), cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
    last_scan = encoded[encoded.rindex(b"\xff\xda") : -2]
    assert reason_of(encoded[:-2] + 100 * last_scan + encoded[-2:]) == "IMAGE_UNDECODABLE"


@pytest.mark.parametrize("chunk", [b"IHDR", b"IDAT"])
def test_decode_png_with_wrong_checksum_is_undecodable(
    chunk: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    encoded = bytearray(encode(".png", picture()))
    encoded[encoded.index(chunk) + 12] ^= 1
    assert reason_of(bytes(encoded)) == "IMAGE_UNDECODABLE"
    assert capfd.readouterr().err == ""


def test_decode_png_with_odd_extras_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    encoded = encode(".png", picture())
    extras = png_chunk(b"iCCP", b"broken profile") + png_chunk(b"tEXt", b"no separator")
    decoded = decode_image(encoded[:33] + extras + encoded[33:], max_pixels=MAX_PIXELS)
    np.testing.assert_array_equal(decoded, picture())
    assert capfd.readouterr().err == ""


def huge_jpeg() -> bytes:
    encoded = bytearray(encode(".jpg", picture()))
    start = encoded.index(b"\xff\xc0") + 5
    encoded[start : start + 4] = struct.pack(">HH", 6000, 10000)
    return bytes(encoded)


def huge_png() -> bytes:
    header = struct.pack(">IIBBBBB", 10000, 6000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IEND", b"")


def huge_webp() -> bytes:
    header = b"\0\0\0\0" + (9999).to_bytes(3, "little") + (5999).to_bytes(3, "little")
    return b"RIFF" + struct.pack("<I", 22) + b"WEBPVP8X" + struct.pack("<I", 10) + header


@pytest.mark.parametrize("encoded", [huge_jpeg(), huge_png(), huge_webp()])
def test_decode_header_of_60_megapixels_is_too_large(encoded: bytes) -> None:
    with pytest.raises(SourceError) as caught:
        decode_image(encoded, max_pixels=40_000_000)
    assert caught.value.reason == "IMAGE_TOO_LARGE"
    assert caught.value.metadata == {
        "width": "10000",
        "height": "6000",
        "max_image_pixels": "40000000",
    }


def test_decode_one_pixel_above_the_limit_is_too_large() -> None:
    encoded = encode(".png", picture(10, 10))
    assert decode_image(encoded, max_pixels=100).shape == (10, 10, 3)
    assert reason_of(encoded, max_pixels=99) == "IMAGE_TOO_LARGE"


def test_decode_very_long_side_is_too_large() -> None:
    header = struct.pack(">IIBBBBB", 65536, 1, 8, 2, 0, 0, 0)
    encoded = b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IEND", b"")
    assert reason_of(encoded) == "IMAGE_TOO_LARGE"


def test_decode_header_that_contradicts_its_pixels_is_undecodable() -> None:
    encoded = encode(".webp", picture(), cv2.IMWRITE_WEBP_QUALITY, 101)
    header = b"\0\0\0\0" + (19).to_bytes(3, "little") + (9).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", 10) + header + encoded[12:]
    assert reason_of(b"RIFF" + struct.pack("<I", len(body)) + body) == "IMAGE_UNDECODABLE"
