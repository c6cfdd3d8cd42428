"""Whatever a packet holds, it has one outcome, and the video goes on with the next key frame."""

import resource
from random import Random

import pytest
from posewire_server.errors import SourceError
from posewire_server.frame import VideoCodec, VideoPacket
from posewire_server.inference.sources.video.video_decoder import VideoDecoder, to_picture

from tests.clips import compress, drawn, read_number

H264, HEVC = VideoCodec.H264, VideoCodec.HEVC
MOST_PIXELS = 200_000
REASONS = {
    "VIDEO_PACKET_UNDECODABLE",
    "VIDEO_KEY_FRAME_MISSING",
    "VIDEO_UNSUPPORTED",
    "IMAGE_TOO_LARGE",
}
# Of all that is damaged, the parameter sets at the front do the most harm.
FRONT_BYTES = 80


def flip(data: bytearray, chance: Random) -> None:
    for _ in range(chance.choice([1, 1, 4, 30])):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def flip_front(data: bytearray, chance: Random) -> None:
    data[chance.randrange(min(FRONT_BYTES, len(data)))] ^= 1 << chance.randrange(8)


def overwrite_front(data: bytearray, chance: Random) -> None:
    for _ in range(3):
        data[chance.randrange(min(FRONT_BYTES, len(data)))] = chance.randrange(256)


def cut(data: bytearray, chance: Random) -> None:
    del data[chance.randrange(len(data)) :]


def insert(data: bytearray, chance: Random) -> None:
    place = chance.randrange(len(data))
    data[place:place] = chance.randbytes(chance.choice([1, 4, 100]))


def remove(data: bytearray, chance: Random) -> None:
    place = chance.randrange(len(data))
    del data[place : place + chance.choice([1, 2, 50])]


DAMAGES = (flip, flip_front, overwrite_front, cut, insert, remove)


@pytest.mark.parametrize(
    ("codec", "parameters", "pixel_format"),
    [
        (H264, "bframes=0", "yuv420p"),
        (H264, "bframes=2:b-adapt=0:interlaced=1", "yuv420p"),
        (H264, "bframes=0:slices=3:cabac=0", "yuv444p"),
        (HEVC, "bframes=0", "yuv420p"),
        (HEVC, "bframes=2:b-adapt=0:open-gop=1", "yuv420p10le"),
    ],
)
def test_decoder_damaged_packets_have_one_outcome_each(
    codec: VideoCodec, parameters: str, pixel_format: str
) -> None:
    chance = Random(11)
    pictures = [drawn(number) for number in range(6)]
    clip = compress(pictures, codec, parameters, key_every=4, pixel_format=pixel_format)
    _storm(clip, chance, 5)
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    errors = _storm(clip, chance, 30)
    assert errors <= REASONS
    assert errors > {"VIDEO_PACKET_UNDECODABLE"}
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb < 50_000


def _storm(clip: list[VideoPacket], chance: Random, rounds: int) -> set[str]:
    """Decodes damaged packets; after each round the clip's first packet gives its picture."""
    errors = set()
    for _ in range(rounds):
        decoder = VideoDecoder(clip[0].codec, MOST_PIXELS)
        for _ in range(40):
            data = bytearray(chance.choice([clip[0], chance.choice(clip)]).data)
            if chance.random() < 0.7:
                chance.choice(DAMAGES)(data, chance)
            try:
                size = to_picture(decoder.decode(bytes(data))).size
                assert size[0] * size[1] <= MOST_PIXELS
            except SourceError as error:
                errors.add(error.reason)
        assert read_number(to_picture(decoder.decode(clip[0].data)).image) == 0
    return errors
