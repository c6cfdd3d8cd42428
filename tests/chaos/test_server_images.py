"""Pictures as they come in the wild, in one stream: each gets its outcome and the stream lives."""

import cv2
import numpy as np
import pytest
from grpc import StatusCode
from posewire.v1 import frame_pb2, pose_pb2
from posewire.v1 import keypoint_service_pb2 as pb

from tests.serving.hosted_server import HostedServer
from tests.serving.pictures import cmyk_jpeg, encode, noise, png_header_only, with_orientation
from tests.serving.raw_stream import RawStream, info_of

PICTURE = noise(96, 64)
JPEG, PNG, WEBP = (encode(PICTURE, suffix) for suffix in (".jpg", ".png", ".webp"))
ALPHA = np.dstack([PICTURE, np.full((64, 96), 99, np.uint8)])
GOOD = {
    "jpeg": JPEG,
    "png": PNG,
    "webp": WEBP,
    "one pixel": encode(PICTURE[:1, :1], ".png"),
    "one pixel jpeg": encode(PICTURE[:1, :1]),
    "one row": encode(PICTURE[:1], ".png"),
    "one column": encode(PICTURE[:, :1]),
    "cmyk": cmyk_jpeg(PICTURE),
    "16 bits": encode(PICTURE.astype(np.uint16) * 257, ".png"),
    "16 bits grey": encode(PICTURE[:, :, 0].astype(np.uint16) * 257, ".png"),
    "grey jpeg": encode(PICTURE[:, :, 0]),
    "grey png": encode(PICTURE[:, :, 0], ".png"),
    "alpha png": encode(ALPHA, ".png"),
    "alpha webp": encode(ALPHA, ".webp"),
    "bytes after the end": JPEG + b"appended",
}
NOT_AN_IMAGE = "IMAGE_FORMAT_UNSUPPORTED"
BAD = {
    "empty": (b"", "IMAGE_EMPTY"),
    "text": (b"hello, I am not an image", NOT_AN_IMAGE),
    "one byte": (b"\xff", NOT_AN_IMAGE),
    "gif": (b"GIF89a" + bytes(100), NOT_AN_IMAGE),
    "bmp": (encode(PICTURE, ".bmp"), NOT_AN_IMAGE),
    "tiff": (encode(PICTURE, ".tiff"), NOT_AN_IMAGE),
    "truncated jpeg": (JPEG[: len(JPEG) // 2], "IMAGE_UNDECODABLE"),
    "truncated png": (PNG[: len(PNG) // 2], "IMAGE_UNDECODABLE"),
    "truncated webp": (WEBP[: len(WEBP) // 2], "IMAGE_UNDECODABLE"),
    "jpeg signature alone": (JPEG[:3], "IMAGE_UNDECODABLE"),
    "png signature alone": (PNG[:8], "IMAGE_UNDECODABLE"),
    "png without pixels": (png_header_only(96, 64), "IMAGE_UNDECODABLE"),
    "60 megapixels in the header": (png_header_only(10_000, 6_000), "IMAGE_TOO_LARGE"),
    "65536 pixels wide": (png_header_only(65_536, 1), "IMAGE_TOO_LARGE"),
    "2^31 pixels wide": (png_header_only(2**31 - 1, 2**31 - 1), "IMAGE_TOO_LARGE"),
    "no pixels": (png_header_only(0, 0), "IMAGE_UNDECODABLE"),
}


def test_images_good_and_bad_in_one_stream_each_get_their_outcome(hosted: HostedServer) -> None:
    stream = RawStream(hosted.stub, model="body")
    expected: list[str] = []
    for bad, reason in BAD.values():
        stream.frame(len(expected), bad)
        stream.frame(len(expected) + 1)
        expected += [reason, "RESULT"]
    stream.half_close()
    stream.started()
    found = [outcome_of(response) for response in stream.rest()]
    assert found == expected
    assert stream.end()[0] is StatusCode.OK


def outcome_of(response: pb.DetectResponse) -> str:
    if response.WhichOneof("response") == "result":
        return "RESULT"
    return str(info_of(response.frame_error.status).reason)


def one(hosted: HostedServer, frame: frame_pb2.Frame) -> pb.DetectResponse:
    """Returns the outcome of a frame that is the second of three."""
    frame.sequence_id = 1
    stream = RawStream(hosted.stub, model="body")
    stream.frame(0)
    stream.send(pb.DetectRequest(frame=frame))
    stream.frame(2)
    stream.half_close()
    stream.started()
    before, response, after = stream.rest()
    assert (before.result.sequence_id, after.result.sequence_id) == (0, 2)
    return response


@pytest.mark.parametrize("kind", GOOD)
def test_image_of_any_kind_is_read_at_its_size(hosted: HostedServer, kind: str) -> None:
    result = one(hosted, frame_pb2.Frame(encoded_image=GOOD[kind])).result
    read = cv2.imdecode(np.frombuffer(GOOD[kind], np.uint8), cv2.IMREAD_COLOR)
    height, width = np.asarray(read).shape[:2]
    assert (result.sequence_id, result.image_width, result.image_height) == (1, width, height)


@pytest.mark.parametrize("kind", BAD)
def test_image_that_can_not_be_read_says_why_and_what_to_do(
    hosted: HostedServer, kind: str
) -> None:
    encoded, reason = BAD[kind]
    error = one(hosted, frame_pb2.Frame(encoded_image=encoded)).frame_error
    assert error.sequence_id == 1
    assert error.status.code == StatusCode.INVALID_ARGUMENT.value[0]
    assert info_of(error.status).reason == reason
    assert "send" in error.status.message or "convert" in error.status.message


def test_image_too_large_tells_size_and_limit(hosted: HostedServer) -> None:
    error = one(hosted, frame_pb2.Frame(encoded_image=png_header_only(10_000, 6_000))).frame_error
    assert dict(info_of(error.status).metadata) == {
        "width": "10000",
        "height": "6000",
        "max_image_pixels": "40000000",
    }


@pytest.mark.parametrize("orientation", range(1, 9))
def test_image_with_exif_orientation_counts_as_upright(
    hosted: HostedServer, orientation: int
) -> None:
    encoded = with_orientation(JPEG, orientation)
    result = one(hosted, frame_pb2.Frame(encoded_image=encoded)).result
    expected = (96, 64) if orientation < 5 else (64, 96)
    assert (result.image_width, result.image_height) == expected


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_image_with_senseless_exif_orientation_stays_as_it_is(
    hosted: HostedServer, orientation: int
) -> None:
    encoded = with_orientation(JPEG, orientation)
    result = one(hosted, frame_pb2.Frame(encoded_image=encoded)).result
    assert (result.image_width, result.image_height) == (96, 64)


BGR = frame_pb2.PIXEL_FORMAT_BGR


@pytest.mark.parametrize(
    "raw",
    [
        frame_pb2.RawImage(),
        frame_pb2.RawImage(format=BGR, width=0, height=4, pixels=bytes(48)),
        frame_pb2.RawImage(format=BGR, width=4, height=4, pixels=b""),
        frame_pb2.RawImage(format=BGR, width=4, height=4, pixels=bytes(47)),
        frame_pb2.RawImage(format=BGR, width=4, height=4, stride=11, pixels=bytes(48)),
        frame_pb2.RawImage(format=BGR, width=4, height=4, stride=2**32 - 1, pixels=bytes(48)),
        frame_pb2.RawImage(format="PIXEL_FORMAT_NV12", width=3, height=4, pixels=bytes(18)),
        frame_pb2.RawImage(format="PIXEL_FORMAT_I420", width=4, height=3, pixels=bytes(18)),
        frame_pb2.RawImage(format="PIXEL_FORMAT_I420", width=4, height=4, pixels=bytes(23)),
    ],
)
def test_raw_image_that_does_not_fit_together_is_refused(
    hosted: HostedServer, raw: frame_pb2.RawImage
) -> None:
    error = one(hosted, frame_pb2.Frame(raw_image=raw)).frame_error
    assert error.status.code == StatusCode.INVALID_ARGUMENT.value[0]
    assert info_of(error.status).reason == "RAW_IMAGE_MALFORMED"


def test_raw_image_short_of_bytes_tells_how_many(hosted: HostedServer) -> None:
    raw = frame_pb2.RawImage(format=BGR, width=4, height=4, pixels=bytes(47))
    error = one(hosted, frame_pb2.Frame(raw_image=raw)).frame_error
    assert dict(info_of(error.status).metadata) == {"expected_bytes": "48", "got_bytes": "47"}


@pytest.mark.parametrize("size", [(65_535, 65_535), (2**32 - 1, 2**32 - 1), (70_000, 2)])
def test_raw_image_too_large_is_refused_before_its_bytes_are_counted(
    hosted: HostedServer, size: tuple[int, int]
) -> None:
    raw = frame_pb2.RawImage(format=BGR, width=size[0], height=size[1], pixels=b"x")
    error = one(hosted, frame_pb2.Frame(raw_image=raw)).frame_error
    assert info_of(error.status).reason == "IMAGE_TOO_LARGE"


@pytest.mark.parametrize(
    "corners",
    [
        (10, 10, 10, 20),
        (20, 10, 10, 20),
        (float("nan"), 0, 10, 10),
        (0, 0, float("inf"), 10),
        (96, 0, 100, 10),
        (-10, 0, 0, 10),
        (0, 0, 0, 0),
    ],
)
def test_region_that_is_none_tells_the_size_of_the_frame(
    hosted: HostedServer, corners: tuple[float, float, float, float]
) -> None:
    names = ("x_min", "y_min", "x_max", "y_max")
    region = pose_pb2.BoundingBox(**dict(zip(names, corners, strict=True)))
    error = one(hosted, frame_pb2.Frame(encoded_image=JPEG, region=region)).frame_error
    assert error.status.code == StatusCode.INVALID_ARGUMENT.value[0]
    info = info_of(error.status)
    assert (info.reason, dict(info.metadata)) == ("REGION_INVALID", {"width": "96", "height": "64"})


def test_region_over_the_edge_is_cut_off(hosted: HostedServer) -> None:
    region = pose_pb2.BoundingBox(x_min=-1e9, y_min=63.5, x_max=1e9, y_max=1e9)
    response = one(hosted, frame_pb2.Frame(encoded_image=JPEG, region=region))
    assert response.result.image_width == 96
