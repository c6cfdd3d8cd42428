"""Messages of video packets to the sources that pipelines read."""

import pytest
from google.protobuf.duration_pb2 import Duration
from posewire.v1 import frame_pb2
from posewire_server.errors import SourceError
from posewire_server.frame import VideoCodec, VideoPacket
from posewire_server.serving.rpc.source import to_source


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
