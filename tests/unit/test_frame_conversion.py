"""Frame messages to the frames that pipelines read."""

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from posewire.v1 import frame_pb2, pose_pb2
from posewire_server.errors import SourceError
from posewire_server.frame import (
    ColorMatrix,
    ColorRange,
    EncodedImage,
    Frame,
    PixelFormat,
    RawImage,
    Region,
    SharedMemoryImage,
    VideoCodec,
    VideoPacket,
)
from posewire_server.serving.rpc.frame_conversion import to_frame, to_source


def test_to_source_packet_is_numbered_as_its_frame() -> None:
    message = frame_pb2.Frame(
        sequence_id=2**63,
        video_packet=frame_pb2.VideoPacket(
            codec=frame_pb2.VIDEO_CODEC_HEVC,
            key_frame=True,
            presentation_offset=Duration(seconds=2, nanos=500),
            data=b"unit",
        ),
    )
    expected = VideoPacket(VideoCodec.HEVC, True, 2_000_000_500, b"unit", 2**63)
    assert to_source(message) == expected


def test_to_source_packet_need_not_tell_when_it_is_shown() -> None:
    packet = frame_pb2.VideoPacket(codec=frame_pb2.VIDEO_CODEC_H264)
    source = to_source(frame_pb2.Frame(video_packet=packet))
    assert source == VideoPacket(VideoCodec.H264, False, None, b"", 0)


@pytest.mark.parametrize("codec", [frame_pb2.VIDEO_CODEC_UNSPECIFIED, 7])
def test_to_source_packet_of_an_unknown_codec_is_refused(codec: int) -> None:
    message = frame_pb2.Frame(video_packet=frame_pb2.VideoPacket(data=b"unit"))
    message.video_packet.codec = codec  # type: ignore[assignment]
    with pytest.raises(SourceError, match="H264 or HEVC") as caught:
        to_source(message)
    assert (caught.value.reason, caught.value.metadata) == (
        "VIDEO_UNSUPPORTED",
        {"codec": str(codec)},
    )


def test_frame_of_an_encoded_image() -> None:
    message = frame_pb2.Frame(
        sequence_id=2**64 - 1,
        encoded_image=b"jpeg",
        capture_time=Timestamp(seconds=3, nanos=4),
        deadline=Duration(seconds=1, nanos=500_000_000),
        region=pose_pb2.BoundingBox(x_min=1, y_min=2, x_max=3, y_max=4),
        boxes=[pose_pb2.BoundingBox(x_min=5, y_min=6, x_max=7, y_max=8)],
    )
    region, boxes = Region(1, 2, 3, 4), (Region(5, 6, 7, 8),)
    assert to_frame(message) == Frame(
        2**64 - 1, EncodedImage(b"jpeg"), 3_000_000_004, 1.5, region, boxes
    )


def test_frame_without_optional_fields() -> None:
    message = frame_pb2.Frame(sequence_id=1, encoded_image=b"")
    assert to_frame(message) == Frame(1, EncodedImage(b""))


@pytest.mark.parametrize("name", [kind.name for kind in PixelFormat])
def test_frame_of_raw_pixels(name: str) -> None:
    raw = frame_pb2.RawImage(
        format=f"PIXEL_FORMAT_{name}", width=2, height=4, stride=6, pixels=b"abc"
    )
    source = to_frame(frame_pb2.Frame(raw_image=raw)).source
    assert source == RawImage(PixelFormat[name], 2, 4, 6, b"abc")


@pytest.mark.parametrize("matrix", ColorMatrix)
@pytest.mark.parametrize("color_range", ColorRange)
def test_frame_of_declared_colors(matrix: ColorMatrix, color_range: ColorRange) -> None:
    said = {
        "color_matrix": f"COLOR_MATRIX_{matrix.name}",
        "color_range": f"COLOR_RANGE_{color_range.name}",
    }
    raw = frame_pb2.RawImage(format="PIXEL_FORMAT_NV12", **said)
    packet = frame_pb2.VideoPacket(codec="VIDEO_CODEC_H264", **said)
    shared = frame_pb2.SharedMemoryImage(layout=raw)
    colors = (matrix, color_range)
    expected = RawImage(PixelFormat.NV12, 0, 0, 0, b"", *colors)
    assert to_source(frame_pb2.Frame(raw_image=raw)) == expected
    source = to_source(frame_pb2.Frame(shared_memory=shared))
    assert isinstance(source, SharedMemoryImage)
    assert source.layout == expected
    video = VideoPacket(VideoCodec.H264, False, None, b"", 0, *colors)
    assert to_source(frame_pb2.Frame(video_packet=packet)) == video


@pytest.mark.parametrize(
    ("field", "text"), [("color_matrix", "BT601 or BT709"), ("color_range", "LIMITED or FULL")]
)
def test_frame_of_unknown_colors_is_refused(field: str, text: str) -> None:
    raw = frame_pb2.RawImage(format="PIXEL_FORMAT_I420", **{field: 9})
    packet = frame_pb2.VideoPacket(codec="VIDEO_CODEC_HEVC", **{field: 9})
    for message, reason in (
        (frame_pb2.Frame(raw_image=raw), "RAW_IMAGE_MALFORMED"),
        (frame_pb2.Frame(video_packet=packet), "VIDEO_UNSUPPORTED"),
    ):
        with pytest.raises(SourceError, match=text) as raised:
            to_source(message)
        assert (raised.value.reason, raised.value.metadata) == (reason, {field: "9"})


@pytest.mark.parametrize(
    ("message", "reason", "metadata"),
    [
        (frame_pb2.Frame(), "SOURCE_MISSING", {}),
        (frame_pb2.Frame(raw_image=frame_pb2.RawImage()), "RAW_IMAGE_MALFORMED", {}),
        (frame_pb2.Frame(raw_image=frame_pb2.RawImage(format=99)), "RAW_IMAGE_MALFORMED", {}),  # type: ignore[arg-type]
        (
            frame_pb2.Frame(shared_memory=frame_pb2.SharedMemoryImage()),
            "RAW_IMAGE_MALFORMED",
            {},
        ),
        (
            frame_pb2.Frame(video_packet=frame_pb2.VideoPacket()),
            "VIDEO_UNSUPPORTED",
            {"codec": "0"},
        ),
    ],
)
def test_frame_that_can_not_be_read_says_why(
    message: frame_pb2.Frame, reason: str, metadata: dict[str, str]
) -> None:
    with pytest.raises(SourceError) as raised:
        to_frame(message)
    assert (raised.value.reason, raised.value.metadata) == (reason, metadata)
