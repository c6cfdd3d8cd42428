"""The real body model on compressed video: the poses of its packets are those of its pictures."""

import av
import numpy as np
import pytest
from posewire import Client, Result, VideoCodec, access_units, video_packet
from posewire_server.config import default_cache
from posewire_server.frame import VideoCodec as ServerCodec
from posewire_server.inference.sources.video.video_decoder import to_picture
from posewire_server.tools.media.sample import open_sample

from tests.clips import Image, compress

pytestmark = pytest.mark.weights

FRAMES = 6
CODECS = pytest.mark.parametrize("codec", list(VideoCodec))


@pytest.fixture(scope="module")
def street() -> list[Image]:
    """The beginning of the demo's clip: four people in a street, and a camera that moves."""
    clip = open_sample(default_cache(), lambda *_: None)
    frames = (frame.image for frame, _ in zip(clip, range(FRAMES), strict=False))
    return [image for image in frames if isinstance(image, np.ndarray)]


def packets_of(
    street: list[Image], codec: VideoCodec, parameters: str = "bframes=0"
) -> list[bytes]:
    return [packet.data for packet in compress(street, ServerCodec[codec.name], parameters)]


def pictures_of(packets: list[bytes], codec: VideoCodec) -> list[Image]:
    """Decodes a video as everybody does, and makes BGR of it as the server does."""
    decoder = av.CodecContext.create(codec.name.lower(), "r")
    assert isinstance(decoder, av.VideoCodecContext)
    frames = [frame for packet in packets for frame in decoder.decode(av.Packet(packet))]
    frames += decoder.decode(None)
    return [to_picture(frame).image for frame in frames]


def check_equal(found: Result, expected: Result) -> None:
    assert len(found.poses) == len(expected.poses) >= 3
    assert (found.image_size, found.sequence_id) == (expected.image_size, expected.sequence_id)
    np.testing.assert_allclose(found.poses.keypoints, expected.poses.keypoints, atol=1e-2)
    np.testing.assert_allclose(found.poses.scores, expected.poses.scores, atol=1e-3)


@CODECS
def test_stream_of_packets_has_the_poses_of_its_pictures(
    client: Client, street: list[Image], codec: VideoCodec
) -> None:
    packets = packets_of(street, codec)
    found = list(client.detect(video_packet(packet, codec) for packet in packets))
    expected = list(client.detect(pictures_of(packets, codec)))
    assert len(found) == len(expected) == FRAMES
    for ours, theirs in zip(found, expected, strict=True):
        assert isinstance(ours, Result), ours
        assert isinstance(theirs, Result), theirs
        check_equal(ours, theirs)


@CODECS
def test_key_frame_alone_has_the_poses_of_its_picture(
    client: Client, street: list[Image], codec: VideoCodec
) -> None:
    packets = packets_of(street[:1], codec)
    check_equal(
        client.detect_image(video_packet(packets[0], codec)),
        client.detect_image(pictures_of(packets, codec)[0]),
    )


def test_byte_stream_is_split_into_the_same_packets(client: Client, street: list[Image]) -> None:
    packets = packets_of(street, VideoCodec.H264)
    units = access_units([b"".join(packets)], VideoCodec.H264, fps=15)
    outcomes = list(client.detect(units))
    assert [type(outcome) for outcome in outcomes] == [Result] * FRAMES
