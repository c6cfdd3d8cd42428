from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from posewire import ColorMatrix, ColorRange, Frame, FrameLike, PixelFormat, RawPixels, Source
from posewire.frame import FrameEncoder
from posewire.v1 import frame_pb2, keypoint_service_pb2


def test_encode_bytes_sends_the_file_as_it_is() -> None:
    frame = FrameEncoder().encode(b"jpeg").frame
    assert frame.WhichOneof("source") == "encoded_image"
    assert frame.encoded_image == b"jpeg"


def test_encode_array_sends_packed_bgr_rows() -> None:
    pixels = np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3)
    raw = FrameEncoder().encode(pixels).frame.raw_image
    assert (raw.format, raw.width, raw.height, raw.stride) == (frame_pb2.PIXEL_FORMAT_BGR, 5, 4, 0)
    assert raw.pixels == pixels.tobytes()


@pytest.mark.parametrize(
    "view",
    [np.s_[1:3, 2:5], np.s_[::2, ::2], np.s_[::-1], np.s_[:, :, ::-1]],
    ids=["crop", "step", "flipped", "channels reversed"],
)
def test_encode_view_sends_the_pixels_that_the_view_shows(view: tuple[slice, ...]) -> None:
    pixels = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)[view]
    raw = FrameEncoder().encode(pixels).frame.raw_image
    read = np.frombuffer(raw.pixels, np.uint8).reshape(raw.height, raw.width, 3)
    np.testing.assert_array_equal(read, pixels)


def test_encode_grey_array_sends_gray() -> None:
    raw = FrameEncoder().encode(np.zeros((3, 2), np.uint8)).frame.raw_image
    assert (raw.format, raw.width, raw.height) == (frame_pb2.PIXEL_FORMAT_GRAY, 2, 3)


@pytest.mark.parametrize(
    ("source", "field"),
    [
        (frame_pb2.RawImage(format=frame_pb2.PIXEL_FORMAT_NV12), "raw_image"),
        (frame_pb2.SharedMemoryImage(name="n"), "shared_memory"),
        (frame_pb2.VideoPacket(data=b"d"), "video_packet"),
    ],
)
def test_encode_message_passes_it_through(source: Source, field: str) -> None:
    frame = FrameEncoder().encode(source).frame
    assert frame.WhichOneof("source") == field
    assert getattr(frame, field) == source


@pytest.mark.parametrize("rows", [6, 600])
def test_encode_raw_pixels_says_matrix_and_range(rows: int) -> None:
    planes = np.zeros((rows, 400), np.uint8)
    plain = RawPixels.from_array(planes, PixelFormat.NV12)
    said = RawPixels.from_array(
        planes,
        PixelFormat.NV12,
        color_matrix=ColorMatrix.BT709,
        color_range=ColorRange.FULL,
    )
    for source, expected in (
        (plain, (frame_pb2.COLOR_MATRIX_UNSPECIFIED, frame_pb2.COLOR_RANGE_UNSPECIFIED)),
        (said, (frame_pb2.COLOR_MATRIX_BT709, frame_pb2.COLOR_RANGE_FULL)),
    ):
        sent = FrameEncoder().encode(source).SerializeToString()
        raw = keypoint_service_pb2.DetectRequest.FromString(sent).frame.raw_image
        assert (raw.color_matrix, raw.color_range) == expected
        assert raw.pixels == planes.tobytes()


def test_encode_frame_writes_every_field() -> None:
    taken = datetime(2026, 1, 2, 3, 4, 5, 678900, tzinfo=UTC)
    given = Frame(b"x", capture_time=taken, deadline_s=0.25, region=(1.0, 2.0, 3.5, 4.0))
    given = replace(given, boxes=[(5.0, 6.0, 7.0, 8.5)])
    frame = FrameEncoder().encode(given).frame
    assert frame.capture_time.ToDatetime(tzinfo=UTC) == taken
    assert frame.deadline.ToMilliseconds() == 250
    region = frame.region
    assert (region.x_min, region.y_min, region.x_max, region.y_max) == given.region
    (box,) = frame.boxes
    assert (box.x_min, box.y_min, box.x_max, box.y_max) == (5.0, 6.0, 7.0, 8.5)


def test_encode_leaves_optional_fields_unset() -> None:
    frame = FrameEncoder().encode(b"x").frame
    assert not any(frame.HasField(name) for name in ("capture_time", "deadline", "region"))


def test_encode_numbers_frames_and_goes_on_after_a_given_number() -> None:
    encoder = FrameEncoder()
    frames: list[FrameLike] = [b"a", b"b", Frame(b"c", sequence_id=10), b"d"]
    assert [encoder.encode(frame).frame.sequence_id for frame in frames] == [0, 1, 10, 11]


def test_encode_number_that_does_not_rise_raises() -> None:
    encoder = FrameEncoder()
    encoder.encode(Frame(b"a", sequence_id=3))
    with pytest.raises(ValueError, match="at least 4"):
        encoder.encode(Frame(b"b", sequence_id=3))


@pytest.mark.parametrize(
    ("source", "error", "text"),
    [
        ("path.jpg", TypeError, "not str"),
        (np.zeros((2, 2, 3), np.float32), TypeError, "float32"),
        (np.zeros((2, 2, 4), np.uint8), ValueError, r"\(2, 2, 4\)"),
        (Frame(b"x", capture_time=datetime(2026, 1, 1)), ValueError, "time zone"),
    ],
)
def test_encode_what_can_not_be_sent_raises(
    source: FrameLike, error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        FrameEncoder().encode(source)
