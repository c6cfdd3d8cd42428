"""Packets of frames that nobody works on are decoded all the same, in their order."""

from dataclasses import replace

import pytest
from posewire_server.errors import SourceError
from posewire_server.frame import VideoCodec, VideoPacket
from posewire_server.inference.sources.video import packet_reader as module
from posewire_server.inference.sources.video.packet_reader import PacketReader

from tests.clips import compress, drawn, read_number

MISSING = "VIDEO_KEY_FRAME_MISSING"
CODECS = pytest.mark.parametrize("codec", list(VideoCodec))
PICTURES = [drawn(number) for number in range(30)]


def read(reader: PacketReader, packet: VideoPacket) -> int | str:
    try:
        return read_number(reader.read(packet).image)
    except SourceError as error:
        return error.reason


@CODECS
def test_reader_packets_left_out_are_decoded_with_the_next(codec: VideoCodec) -> None:
    clip, reader = compress(PICTURES, codec), PacketReader(10**6)
    assert read(reader, clip[0]) == 0
    for number in (1, 2, 3, 5):
        reader.leave_out(clip[number])
    assert read(reader, clip[4]) == 4
    assert read(reader, clip[6]) == 6


@CODECS
def test_reader_packets_left_out_first_count_too(codec: VideoCodec) -> None:
    clip, reader = compress(PICTURES, codec), PacketReader(10**6)
    reader.leave_out(clip[1])
    reader.leave_out(clip[0])
    assert read(reader, clip[2]) == 2


def test_reader_packet_that_was_read_is_not_left_out() -> None:
    clip, reader = compress(PICTURES), PacketReader(10**6)
    for packet in clip[:4]:
        assert read(reader, packet) == packet.number
        reader.leave_out(packet)
    reader.leave_out(clip[2])
    assert read(reader, clip[4]) == 4


def test_reader_key_frame_clears_what_was_left_out() -> None:
    clip, reader = compress(PICTURES), PacketReader(10**6)
    damaged = [replace(packet, data=b"damaged") for packet in clip[:12]]
    for packet in [*damaged, clip[12], clip[13]]:
        reader.leave_out(packet)
    assert [packet.number for packet in reader._take_left_out(clip[14])] == [12, 13]
    reader.leave_out(replace(clip[15], data=b"damaged"))
    assert reader._take_left_out(clip[24]) == []


@CODECS
def test_reader_key_frame_flag_that_lies_makes_no_wrong_picture(codec: VideoCodec) -> None:
    clip, reader = compress(PICTURES, codec), PacketReader(10**6)
    assert read(reader, clip[0]) == 0
    reader.leave_out(clip[1])
    assert read(reader, replace(clip[2], key_frame=True)) == MISSING
    assert [read(reader, replace(packet, key_frame=False)) for packet in clip[11:15]] == [
        MISSING,
        12,
        13,
        14,
    ]


@pytest.mark.parametrize("limit", ["MOST_LEFT_OUT", "MOST_BYTES_LEFT_OUT"])
def test_reader_that_can_not_keep_more_waits_for_a_key_frame(
    monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    clip, reader = compress(PICTURES), PacketReader(10**6)
    size = sum(len(packet.data) for packet in clip[1:5])
    monkeypatch.setattr(module, limit, {"MOST_LEFT_OUT": 3, "MOST_BYTES_LEFT_OUT": size - 1}[limit])
    assert read(reader, clip[0]) == 0
    for packet in clip[1:5]:
        reader.leave_out(packet)
    assert len(reader._left_out) == 1
    assert [read(reader, packet) for packet in clip[5:14]] == [MISSING] * 7 + [12, 13]


@CODECS
def test_reader_damaged_packet_left_out_is_found_out(codec: VideoCodec) -> None:
    clip, reader = compress(PICTURES, codec), PacketReader(10**6)
    assert read(reader, clip[0]) == 0
    reader.leave_out(replace(clip[1], data=b"damaged"))
    assert [read(reader, packet) for packet in clip[2:13]] == [MISSING] * 10 + [12]


def test_reader_codec_changes_with_a_key_frame() -> None:
    reader = PacketReader(10**6)
    h264, hevc = (compress(PICTURES, codec) for codec in VideoCodec)
    clip = [*h264[:3], *hevc[:3], *h264[5:8], *h264[12:14]]
    numbered = [replace(packet, number=number) for number, packet in enumerate(clip)]
    assert [read(reader, packet) for packet in numbered] == [0, 1, 2] * 2 + [MISSING] * 3 + [12, 13]
