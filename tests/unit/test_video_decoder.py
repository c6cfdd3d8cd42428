"""Each packet of a video gives the picture that is coded in it, or a typed error."""

import itertools
from collections.abc import Sequence
from dataclasses import replace

import av
import numpy as np
import pytest
from posewire_server.errors import SourceError
from posewire_server.frame import VideoCodec, VideoPacket
from posewire_server.inference.sources.video import h264
from posewire_server.inference.sources.video.bitstream import Bits
from posewire_server.inference.sources.video.video_decoder import VideoDecoder, to_picture

from tests.clips import compress, drawn, read_number, shown_number

H264, HEVC = VideoCodec.H264, VideoCodec.HEVC
MOST = 1_000_000
PICTURES = [drawn(number) for number in range(30)]
MISSING, UNDECODABLE = "VIDEO_KEY_FRAME_MISSING", "VIDEO_PACKET_UNDECODABLE"


def outcomes(packets: Sequence[VideoPacket], decoder: VideoDecoder | None = None) -> list[object]:
    """Returns the number that each packet's picture tells, or the reason of its error."""
    decoder = decoder or VideoDecoder(packets[0].codec, MOST)
    found: list[object] = []
    for packet in packets:
        try:
            found.append(read_number(to_picture(decoder.decode(packet.data)).image))
        except SourceError as error:
            found.append(error.reason)
    return found


@pytest.mark.parametrize(
    ("codec", "parameters"),
    [
        (H264, "bframes=0:sync-lookahead=0"),
        (H264, "bframes=0:ref=4:slices=4:cabac=1"),
        (H264, "bframes=0:interlaced=1"),
        (H264, "bframes=0:keyint=30:intra-refresh=1"),
        (HEVC, "bframes=0"),
        (HEVC, "bframes=0:ref=4"),
        (HEVC, "bframes=3:b-adapt=0:b-pyramid=1"),
        (HEVC, "bframes=3:b-adapt=0:open-gop=1"),
    ],
)
def test_decoder_answers_each_packet_with_its_own_picture(
    codec: VideoCodec, parameters: str
) -> None:
    packets = compress(PICTURES, codec, parameters)
    assert outcomes(packets) == [shown_number(packet) for packet in packets]


@pytest.mark.parametrize("parameters", ["bframes=2:b-adapt=0", "bframes=5:b-adapt=0:b-pyramid=2"])
def test_decoder_h264_with_b_frames_answers_those_that_are_shown_in_turn(parameters: str) -> None:
    packets = compress(PICTURES, H264, parameters)
    shown = [shown_number(packet) for packet in packets]
    in_turn = [number >= latest for number, latest in zip(shown, _running_max(shown), strict=True)]
    assert not all(in_turn)
    assert outcomes(packets) == [
        number if ok else "VIDEO_UNSUPPORTED" for number, ok in zip(shown, in_turn, strict=True)
    ]


def _running_max(numbers: Sequence[int]) -> list[int]:
    return list(itertools.accumulate(numbers, max))


@pytest.mark.parametrize("codec", [H264, HEVC])
def test_decoder_begins_at_a_key_frame(codec: VideoCodec) -> None:
    packets = compress(PICTURES, codec)
    assert outcomes(packets[3:14]) == [MISSING] * 9 + [12, 13]


@pytest.mark.parametrize("codec", [H264, HEVC])
def test_decoder_lost_packet_is_missed_until_the_next_key_frame(codec: VideoCodec) -> None:
    packets = compress(PICTURES, codec)
    del packets[5]
    assert outcomes(packets[:14]) == [*range(5), *[MISSING] * 6, 12, 13, 14]


def test_decoder_h264_that_does_not_tell_its_order_is_not_held_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every second number of the order is missing: FFmpeg would guess that more is to come."""

    def take_usability_out(bits: Bits, _references: int) -> None:
        begin, end = bits.position, len(bits._text)
        bits.position = end
        bits.replace(begin, "01")

    packets = [
        packet
        for packet in compress(PICTURES[:11], H264, "bframes=1:b-adapt=0")
        if shown_number(packet) % 2 == 0
    ]
    with monkeypatch.context() as patched:
        patched.setattr(h264, "_forbid_reordering", take_usability_out)
        syntax = h264.H264Syntax()
        bare = [replace(packet, data=syntax.read(packet.data).data) for packet in packets]
    assert bare[0].data != packets[0].data
    assert len(_by_ffmpeg_alone(bare)) == 5
    assert outcomes(bare) == [0, 2, 4, 6, 8, 10]


def _by_ffmpeg_alone(packets: Sequence[VideoPacket]) -> list[av.VideoFrame]:
    context = av.CodecContext.create("h264", "r")
    assert isinstance(context, av.VideoCodecContext)
    context.thread_count = 1
    return [frame for packet in packets for frame in context.decode(av.Packet(packet.data))]


def test_decoder_h264_lost_packet_that_nothing_builds_on_is_not_missed() -> None:
    packets = compress(PICTURES, H264, "bframes=1:b-adapt=0")
    unreferenced = [index for index, packet in enumerate(packets) if shown_number(packet) == 7]
    del packets[unreferenced[0]]
    assert MISSING not in outcomes(packets)


@pytest.mark.parametrize("codec", [H264, HEVC])
@pytest.mark.parametrize("order", [[4, 5, 5], [4, 6, 5], [4, 5, 4]])
def test_decoder_packets_that_repeat_or_swap_are_errors_until_the_next_key_frame(
    codec: VideoCodec, order: list[int]
) -> None:
    packets = compress(PICTURES, codec)
    found = outcomes([*packets[:4], *(packets[at] for at in order), *packets[7:14]])
    assert found[:5] == [*range(5)]
    for number, got in zip([*order[1:], *range(7, 12)], found[5:12], strict=True):
        assert got in {number, MISSING, UNDECODABLE}
    assert found[6] in {MISSING, UNDECODABLE}
    assert found[7:] == [*[MISSING] * 5, 12, 13]


@pytest.mark.parametrize("codec", [H264, HEVC])
@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"\0\0\1",
        b"no start code",
        b"\0\0\1\x09\x10",
        b"\0\0\1" * 5000,
        np.random.default_rng(3).bytes(3000),
    ],
)
def test_decoder_packet_that_is_none_is_undecodable_and_the_stream_recovers(
    codec: VideoCodec, damaged: bytes
) -> None:
    packets = compress(PICTURES, codec)
    packets[5] = VideoPacket(codec, False, None, damaged)
    assert outcomes(packets[:14]) == [*range(5), UNDECODABLE, *[MISSING] * 6, 12, 13]


@pytest.mark.parametrize("codec", [H264, HEVC])
def test_decoder_faults_in_what_it_does_not_need_do_no_harm(codec: VideoCodec) -> None:
    """Cameras add messages of their own, some of them malformed."""
    message = b"\0\0\1\x06\x05\xff" if codec is H264 else b"\0\0\1\x4e\1\x05\xff"
    packets = compress(PICTURES[:14], codec)
    assert outcomes([replace(each, data=message + each.data) for each in packets]) == [*range(14)]


def test_decoder_hevc_pictures_that_lead_a_key_frame_after_a_loss_are_missing_alone() -> None:
    packets = compress(PICTURES, HEVC, "bframes=3:b-adapt=0:open-gop=1")
    first, second, *_ = (at for at, packet in enumerate(packets) if packet.key_frame)
    leading = range(second + 1, second + 4)
    for sent in (packets[second:], packets[: second - 3] + packets[second:]):
        found = outcomes(sent)[sent.index(packets[second]) :]
        shown = [shown_number(packet) for packet in packets[second:]]
        expected = [MISSING if at in leading else number for at, number in enumerate(shown, second)]
        assert found == expected
    assert first == 0


@pytest.mark.parametrize("parameters", ["bframes=2:b-adapt=0", "bframes=3:b-adapt=0:b-pyramid=2"])
def test_decoder_h264_may_be_entered_where_pictures_of_the_past_follow(parameters: str) -> None:
    packets = compress(PICTURES, H264, f"{parameters}:open-gop=1")
    key = [at for at, packet in enumerate(packets) if packet.key_frame][1]
    shown = [shown_number(packet) for packet in packets[key:]]
    in_turn = [number >= latest for number, latest in zip(shown, _running_max(shown), strict=True)]
    lead = in_turn.index(True, 1)
    rest = [
        number if ok else "VIDEO_UNSUPPORTED"
        for number, ok in zip(shown[lead:], in_turn[lead:], strict=True)
    ]
    expected = [shown[0], *[MISSING] * (lead - 1), *rest]
    assert outcomes(packets[key:]) == expected
    after_a_loss = packets[: key - 3] + packets[key:]
    assert outcomes(after_a_loss)[key - 3 :] == expected


def test_decoder_h264_packet_that_is_cut_short_is_undecodable() -> None:
    packets = compress(PICTURES, H264)
    packets[5] = VideoPacket(H264, False, None, packets[5].data[:-60])
    assert outcomes(packets[:14]) == [*range(5), UNDECODABLE, *[MISSING] * 6, 12, 13]


@pytest.mark.parametrize("codec", [H264, HEVC])
def test_decoder_two_pictures_in_one_packet_are_refused(codec: VideoCodec) -> None:
    packets = compress(PICTURES, codec)
    joined = VideoPacket(codec, True, None, packets[0].data + packets[1].data)
    assert outcomes([joined, packets[2], packets[12]]) == [UNDECODABLE, MISSING, 12]


@pytest.mark.parametrize("codec", [H264, HEVC])
def test_decoder_size_may_change_at_a_key_frame(codec: VideoCodec) -> None:
    small, large = (
        compress(PICTURES[:4], codec),
        compress([drawn(number, 320, 176) for number in range(4, 8)], codec),
    )
    decoder = VideoDecoder(codec, MOST)
    sizes = [decoder.decode(packet.data).width for packet in [*small, *large, *small]]
    assert sizes == [128] * 4 + [320] * 4 + [128] * 4
    assert outcomes([*small, *large, *small]) == [*range(8), *range(4)]


@pytest.mark.parametrize("codec", [H264, HEVC])
def test_decoder_size_is_checked_before_anything_is_decoded(codec: VideoCodec) -> None:
    packets = compress(PICTURES[:3], codec)
    decoder = VideoDecoder(codec, 128 * 96 - 1)
    assert outcomes(packets, decoder) == ["IMAGE_TOO_LARGE", MISSING, MISSING]
    assert not decoder._context.coded_width
    with pytest.raises(SourceError, match="128x96") as caught:
        decoder.decode(packets[0].data)
    assert caught.value.metadata == {"width": "128", "height": "96", "max_image_pixels": "12287"}
