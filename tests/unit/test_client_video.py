"""Byte streams of video split into the packets that FFmpeg's own parser finds."""

import io

import av
import pytest
from posewire import video
from posewire.frame import FrameEncoder
from posewire.v1 import frame_pb2
from posewire_server.frame import VideoCodec as ServerCodec
from posewire_server.frame import VideoPacket

from tests.clips import compress, drawn

H264, HEVC = video.VideoCodec.H264, video.VideoCodec.HEVC
CASES = pytest.mark.parametrize(
    ("codec", "parameters"),
    [
        (H264, "bframes=0"),
        (H264, "bframes=3:b-adapt=0:slices=4:aud=1"),
        (HEVC, "bframes=0"),
        (HEVC, "bframes=3:b-adapt=0:aud=1:repeat-headers=1:hash=1"),
    ],
)


def clip(codec: video.VideoCodec, parameters: str = "bframes=0") -> list[VideoPacket]:
    pictures = [drawn(number) for number in range(15)]
    return compress(pictures, ServerCodec[codec.name], parameters)


@CASES
@pytest.mark.parametrize("chunk_bytes", [1, 97, 10**9])
def test_access_units_are_those_of_ffmpeg(
    codec: video.VideoCodec, parameters: str, chunk_bytes: int
) -> None:
    packets = clip(codec, parameters)
    stream = b"".join(packet.data for packet in packets)
    pieces = [stream[at : at + chunk_bytes] for at in range(0, len(stream), chunk_bytes)]
    parser = av.CodecContext.create(codec.name.lower(), "r")
    expected = [*parser.parse(stream), *parser.parse(None)]
    found = list(video.access_units(pieces, codec))
    assert [_units(packet.data) for packet in found] == [_units(bytes(each)) for each in expected]
    assert [each.key_frame for each in found] == [packet.key_frame for packet in packets]


def _units(data: bytes) -> list[bytes]:
    return [unit.rstrip(b"\0") for unit in data.split(b"\0\0\1")[1:]]


def test_access_units_of_a_file_tell_when_they_are_shown() -> None:
    file = io.BytesIO(b"".join(packet.data for packet in clip(H264)))
    packets = list(video.access_units(file, H264, fps=25))
    assert [packet.presentation_offset.ToMilliseconds() for packet in packets[:3]] == [0, 40, 80]
    assert len(packets) == 15


@pytest.mark.parametrize("stream", [[], [b""], [b"\0\0"], [b"\0\0\1\x09\x10"]])
def test_access_units_of_no_picture_are_none(stream: list[bytes]) -> None:
    assert list(video.access_units(stream, H264)) == []


def test_access_units_of_something_else_are_refused() -> None:
    with pytest.raises(ValueError, match="start code"):
        list(video.access_units([b"ftypisom", b"\0\0\1"], H264))


@CASES
def test_video_packet_finds_key_frames(codec: video.VideoCodec, parameters: str) -> None:
    packets = clip(codec, parameters)
    found = [video.video_packet(packet.data, codec) for packet in packets]
    assert [each.key_frame for each in found] == [packet.key_frame for packet in packets]
    assert found[0].codec == codec.value
    assert not found[0].HasField("presentation_offset")


def test_video_packet_holds_what_it_is_told() -> None:
    packet = video.video_packet(b"\0\0\1\x65", H264, key_frame=False, presentation_s=1.5)
    assert packet.data == b"\0\0\1\x65"
    assert not packet.key_frame
    assert packet.presentation_offset.ToMilliseconds() == 1500
    request = FrameEncoder().encode(packet)
    assert isinstance(request.frame, frame_pb2.Frame)
    assert request.frame.video_packet == packet


@pytest.mark.parametrize("data", [b"", b"\1\x65", b"\0\0\0\x10\x65", b"\x65\0\0\1\x65"])
def test_video_packet_of_something_else_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="toannexb"):
        video.video_packet(data, H264)
