"""Decoded video as BGR: its size, its colours, and what is not 4:2:0."""

from collections.abc import Callable

import numpy as np
import pytest
from posewire_server.frame import ColorMatrix, ColorRange, VideoCodec
from posewire_server.inference.sources.picture import Picture
from posewire_server.inference.sources.video.video_decoder import VideoDecoder, to_picture

from tests.clips import Image, compress

H264, HEVC = VideoCodec.H264, VideoCodec.HEVC
# Patches of even colours, which any subsampling of chroma leaves alone.
COLOURS = np.array(
    [[(40, 40, 200), (60, 180, 60)], [(200, 70, 50), (128, 128, 128)], [(20, 20, 20), (235,) * 3]],
    np.uint8,
)


def patches(width: int = 128, height: int = 96) -> Image:
    rows = np.arange(height) * 3 // height
    columns = np.arange(width) * 2 // width
    return COLOURS[rows[:, None], columns]


def decoded(
    image: Image,
    codec: VideoCodec = H264,
    parameters: str = "qp=4",
    pixel_format: str = "yuv420p",
    reduce: Callable[[tuple[int, int]], int] = lambda _: 1,
    color_matrix: ColorMatrix | None = None,
    color_range: ColorRange | None = None,
) -> Picture:
    packets = compress([image], codec, parameters, pixel_format=pixel_format)
    frame = VideoDecoder(codec, 10**6).decode(packets[0].data)
    return to_picture(frame, reduce, color_matrix=color_matrix, color_range=color_range)


def centres(image: Image) -> Image:
    height, width = image.shape[:2]
    rows, columns = [height // 6, height // 2, height * 5 // 6], [width // 4, width * 3 // 4]
    return image[np.ix_(rows, columns)]


@pytest.mark.parametrize("codec", [H264, HEVC])
@pytest.mark.parametrize("size", [(128, 96), (130, 90), (66, 50)])
def test_picture_has_the_size_that_was_cropped_to(codec: VideoCodec, size: tuple[int, int]) -> None:
    picture = decoded(patches(*size), codec)
    assert picture.size == size
    assert picture.image.shape == (size[1], size[0], 3)
    assert np.abs(centres(picture.image).astype(int) - COLOURS).max() <= 8


@pytest.mark.parametrize(
    ("codec", "pixel_format"),
    [
        (H264, "yuv420p"),
        (H264, "yuv422p"),
        (H264, "yuv444p"),
        (H264, "yuv420p10le"),
        (H264, "yuvj420p"),
        (HEVC, "yuv420p"),
        (HEVC, "yuv422p10le"),
        (HEVC, "yuv444p"),
        (HEVC, "yuv420p10le"),
        (HEVC, "yuv420p12le"),
    ],
)
def test_picture_has_its_colours_in_every_format(codec: VideoCodec, pixel_format: str) -> None:
    picture = decoded(patches(), codec, pixel_format=pixel_format)
    assert picture.image.dtype == np.uint8
    assert np.abs(centres(picture.image).astype(int) - COLOURS).max() <= 8


def test_picture_of_grey_video_is_grey() -> None:
    image = decoded(patches(), pixel_format="gray").image
    assert np.abs(image.max(2).astype(int) - image.min(2)).max() <= 2
    assert abs(int(centres(image)[1, 1, 0]) - 128) <= 4


@pytest.mark.parametrize("codec", [H264, HEVC])
def test_picture_colours_are_as_the_video_says(codec: VideoCodec) -> None:
    """The planes are the same; only what is said of them differs."""
    plain = centres(decoded(patches(), codec).image).astype(int)
    said = centres(decoded(patches(), codec, "qp=4:colormatrix=bt709").image).astype(int)
    grey = np.ptp(COLOURS, axis=2) == 0
    assert np.abs(plain - said)[grey].max() <= 3
    assert np.abs(plain - said)[~grey].max() > 12


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv444p", "yuv420p10le"])
@pytest.mark.parametrize("codec", [H264, HEVC])
def test_picture_matrix_of_its_sender_wins_over_the_videos(
    codec: VideoCodec, pixel_format: str
) -> None:
    said = "qp=4:colormatrix=bt709"
    plain = decoded(patches(), codec, pixel_format=pixel_format).image
    as_bt709 = decoded(patches(), codec, said, pixel_format).image
    for parameters in ("qp=4", said):
        for matrix, expected in ((ColorMatrix.BT601, plain), (ColorMatrix.BT709, as_bt709)):
            image = decoded(patches(), codec, parameters, pixel_format, color_matrix=matrix).image
            assert np.abs(centres(image).astype(int) - centres(expected)).max() <= 3


@pytest.mark.parametrize(
    "pixel_format", ["yuv420p", "yuv444p", "yuv420p10le", "yuvj420p", "yuvj444p"]
)
@pytest.mark.parametrize("codec", [H264, HEVC])
def test_picture_range_of_its_sender_wins_over_the_videos(
    codec: VideoCodec, pixel_format: str
) -> None:
    plain = centres(decoded(patches(), codec, pixel_format=pixel_format).image).astype(int)
    grey = np.ptp(COLOURS, axis=2) == 0
    limited, full = (
        centres(decoded(patches(), codec, pixel_format=pixel_format, color_range=each).image)
        for each in (ColorRange.LIMITED, ColorRange.FULL)
    )
    is_full = pixel_format.startswith("yuvj")
    assert np.abs((full if is_full else limited) - plain).max() <= 2
    expected = np.clip((plain - 16) * 255 / 219, 0, 255) if is_full else plain * 219 / 255 + 16
    assert np.abs((limited if is_full else full) - expected)[grey].max() <= 3


@pytest.mark.parametrize("reduction", [2, 4, 8])
def test_picture_is_reduced_where_asked(reduction: int) -> None:
    sizes = []

    def reduce(size: tuple[int, int]) -> int:
        sizes.append(size)
        return reduction

    picture = decoded(patches(130, 98), reduce=reduce)
    assert sizes == [(130, 98)]
    assert (picture.size, picture.reduction) == ((130, 98), reduction)
    assert picture.image.shape == (-(-98 // reduction), -(-130 // reduction), 3)
    assert np.abs(centres(picture.image).astype(int) - COLOURS).max() <= 10


def test_picture_outlives_its_decoder() -> None:
    packets = compress([patches()] * 3)
    decoder = VideoDecoder(H264, 10**6)
    first = to_picture(decoder.decode(packets[0].data)).image
    kept = first.copy()
    for packet in packets[1:]:
        decoder.decode(packet.data)
    del decoder
    assert np.array_equal(first, kept)
