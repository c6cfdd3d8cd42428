"""The client's shared memory by itself: places, names, and what goes as bytes."""

from collections.abc import Iterator

import grpc
import numpy as np
import pytest
from posewire.frame import FrameEncoder
from posewire.outcome import Dropped, DropReason, FrameError, Lost
from posewire.pixels import PixelFormat, RawPixels
from posewire.shared_memory import SLOTS, SharedFrames, may_be_local
from posewire.shared_object import is_available
from posewire.v1 import frame_pb2
from posewire.v1.keypoint_service_pb2 import DetectRequest

from tests.serving.shared_object import FOLDER

pytestmark = pytest.mark.skipif(not is_available(), reason="this system has no /dev/shm")
PICTURE = np.random.default_rng(0).integers(0, 256, (300, 400, 3), np.uint8)


@pytest.fixture
def shared() -> Iterator[SharedFrames]:
    shared = SharedFrames()
    shared.begin("unix:/run/posewire")
    yield shared
    shared.end()


def sent(content: bytes) -> frame_pb2.Frame:
    frame: frame_pb2.Frame = DetectRequest.FromString(content).frame
    return frame


def pixels_of(image: frame_pb2.SharedMemoryImage) -> bytes:
    content = (FOLDER / image.name).read_bytes()
    return content[image.offset : image.offset + image.length]


def test_encode_large_array_names_its_place(shared: SharedFrames) -> None:
    frame = sent(FrameEncoder(shared).encode(PICTURE).SerializeToString())
    image = frame.shared_memory
    assert pixels_of(image) == PICTURE.tobytes()
    assert (image.layout.width, image.layout.height) == (400, 300)
    assert image.layout.format == frame_pb2.PIXEL_FORMAT_BGR
    assert image.length == PICTURE.nbytes


def test_encode_small_array_goes_as_bytes(shared: SharedFrames) -> None:
    frame = sent(FrameEncoder(shared).encode(PICTURE[:10, :10].copy()).SerializeToString())
    assert frame.WhichOneof("source") == "raw_image"


def test_encode_more_frames_than_places_go_as_bytes(shared: SharedFrames) -> None:
    encoder = FrameEncoder(shared)
    frames = [sent(encoder.encode(PICTURE).SerializeToString()) for _ in range(SLOTS + 2)]
    kinds = [frame.WhichOneof("source") for frame in frames]
    assert kinds == ["shared_memory"] * SLOTS + ["raw_image"] * 2
    offsets = {frame.shared_memory.offset for frame in frames[:SLOTS]}
    assert len(offsets) == SLOTS


@pytest.mark.parametrize("outcome", [Dropped((0, 1), DropReason.OVERFLOW), Lost((0, 1), None)])
def test_settle_gives_places_back_and_takes_the_name_away(
    shared: SharedFrames, outcome: Dropped | Lost
) -> None:
    encoder = FrameEncoder(shared)
    images = [sent(encoder.encode(PICTURE).SerializeToString()).shared_memory for _ in range(2)]
    assert images[0].name == images[1].name
    shared.settle(outcome)
    assert not (FOLDER / images[0].name).exists()
    again = [sent(encoder.encode(PICTURE).SerializeToString()).shared_memory for _ in range(2)]
    assert {image.offset for image in again} == {image.offset for image in images}
    assert again[0].name == images[0].name


def test_settle_of_a_refusal_ends_the_sharing(shared: SharedFrames) -> None:
    encoder = FrameEncoder(shared)
    encoder.encode(PICTURE).SerializeToString()
    code = grpc.StatusCode.PERMISSION_DENIED
    shared.settle(FrameError(0, code, "SHARED_MEMORY_FORBIDDEN", "", {}))
    frame = sent(encoder.encode(PICTURE).SerializeToString())
    assert frame.WhichOneof("source") == "raw_image"


def test_encode_larger_pictures_get_a_larger_object(shared: SharedFrames) -> None:
    encoder = FrameEncoder(shared)
    names, side = set(), 200
    for _ in range(12):
        side += 40
        picture = np.full((side, side, 3), side % 256, np.uint8)
        image = sent(encoder.encode(picture).SerializeToString()).shared_memory
        assert pixels_of(image) == picture.tobytes()
        names.add(image.name)
    assert 1 < len(names) <= 5


def test_request_sent_again_over_another_connection_gets_another_place(
    shared: SharedFrames,
) -> None:
    picture = PICTURE.copy()
    request = FrameEncoder(shared).encode(picture)
    first = sent(request.SerializeToString()).shared_memory
    picture[:] = 0  # its owner may change it now
    shared.begin("localhost:50051")
    second = sent(request.SerializeToString()).shared_memory
    assert first.name != second.name
    assert not (FOLDER / first.name).exists()
    assert pixels_of(second) == PICTURE.tobytes()


def test_request_sent_again_to_another_machine_goes_as_bytes(shared: SharedFrames) -> None:
    request = FrameEncoder(shared).encode(PICTURE)
    request.SerializeToString()
    shared.begin("example.org:50051")
    frame = sent(request.SerializeToString())
    assert frame.raw_image.pixels == PICTURE.tobytes()
    assert frame.raw_image.width == 400


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("", True),
        ("unix:/run/posewire.sock", True),
        ("unix-abstract:posewire", True),
        ("localhost:50051", True),
        ("dns:///localhost:50051", True),
        ("127.0.0.1:50051", True),
        ("[::1]:50051", True),
        ("ipv4:127.0.0.1:50051", True),
        ("10.0.0.1:50051", False),
        ("example.org:50051", False),
        ("dns:///example.org:50051", False),
    ],
)
def test_may_be_local_by_the_name_of_the_server(target: str, expected: bool) -> None:
    assert may_be_local(target) is expected


def test_raw_pixels_from_array_takes_opencv_planes() -> None:
    planes = np.zeros((720, 640), np.uint8)
    pixels = RawPixels.from_array(planes, PixelFormat.NV12)
    assert (pixels.width, pixels.height, len(pixels.data)) == (640, 480, planes.nbytes)
    for shape, pixel_format in [((721, 640), "NV12"), ((4, 4), "RGB"), ((4, 4, 3), "GRAY")]:
        with pytest.raises(ValueError, match=pixel_format):
            RawPixels.from_array(np.zeros(shape, np.uint8), PixelFormat[pixel_format])
    with pytest.raises(TypeError, match="uint8"):
        RawPixels.from_array(np.zeros((4, 4, 3), np.float32), PixelFormat.BGR)  # type: ignore[arg-type]
