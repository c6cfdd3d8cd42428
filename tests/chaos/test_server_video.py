"""Clients whose videos are broken in every way: one outcome a frame, and nothing is left behind."""

from collections.abc import Iterator
from random import Random

import psutil
import pytest
from posewire import Client, Dropped, Frame, FrameError, OverflowPolicy, Result, Source
from posewire import VideoCodec as Codec
from posewire.v1 import frame_pb2
from posewire_server.frame import VideoCodec, VideoPacket
from posewire_server.serving.server_process import ServerProcess

from tests.clips import compress, drawn
from tests.serving.usage import usage

STREAMS = 200
MOST_GROWTH_BYTES = 32 * 1024 * 1024
FEW = 3
REASONS = {
    "VIDEO_PACKET_UNDECODABLE",
    "VIDEO_KEY_FRAME_MISSING",
    "VIDEO_UNSUPPORTED",
    "IMAGE_TOO_LARGE",
    "FRAME_DEADLINE_EXCEEDED",
    "QUEUE_FULL",
}


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    """A server without a network, in a process of its own."""
    with ServerProcess(command=["posewire_server.tools.benchmarks.noop"]) as process:
        yield process


@pytest.fixture(scope="module")
def clips() -> list[list[VideoPacket]]:
    small = [drawn(number) for number in range(16)]
    large = [drawn(number, 320, 176) for number in range(16)]
    return [
        compress(small, VideoCodec.H264),
        compress(large, VideoCodec.H264, "bframes=2:b-adapt=0"),
        compress(large, VideoCodec.HEVC),
        compress(small, VideoCodec.HEVC, "bframes=2:b-adapt=0"),
    ]


def source(packet: VideoPacket, data: bytes | None = None) -> frame_pb2.VideoPacket:
    return frame_pb2.VideoPacket(
        codec=Codec[packet.codec.name].value,
        key_frame=packet.key_frame,
        data=packet.data if data is None else data,
    )


def ordeal(clips: list[list[VideoPacket]], chance: Random) -> list[Source]:
    """Returns a video whose packets are lost, doubled, swapped, damaged and of changing clips."""
    sources: list[Source] = []
    for _ in range(3):
        clip = list(chance.choice(clips))
        for _ in range(4):
            at, to = chance.randrange(len(clip)), chance.randrange(len(clip))
            match chance.randrange(4):
                case 0:
                    del clip[at]
                case 1:
                    clip.insert(to, clip[at])
                case 2:
                    clip[at], clip[to] = clip[to], clip[at]
        for packet in clip:
            data = bytearray(packet.data)
            if chance.random() < 0.1:
                data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
            if chance.random() < 0.05:
                del data[chance.randrange(len(data)) :]
            sources.append(source(packet, bytes(data)))
    return sources


@pytest.mark.parametrize("policy", list(OverflowPolicy))
def test_server_every_packet_of_a_broken_video_has_one_outcome(
    server: ServerProcess, clips: list[list[VideoPacket]], policy: OverflowPolicy
) -> None:
    chance = Random(5)
    with Client(server.address) as client:
        for _ in range(10):
            sources = ordeal(clips, chance)
            deadlines = [chance.choice([None, None, None, 1e-4]) for _ in sources]
            frames = [
                Frame(each, deadline_s=deadline)
                for each, deadline in zip(sources, deadlines, strict=True)
            ]
            numbers: list[int] = []
            for outcome in client.detect(frames, overflow_policy=policy, max_in_flight=4):
                if isinstance(outcome, Dropped):
                    numbers += outcome.sequence_ids
                    continue
                assert isinstance(outcome, Result | FrameError), outcome
                assert isinstance(outcome, Result) or outcome.reason in REASONS
                numbers.append(outcome.sequence_id)
            assert sorted(numbers) == list(range(len(frames)))
        good = [source(packet) for packet in clips[0]]
        assert all(isinstance(outcome, Result) for outcome in client.detect(good))


def open_and_leave(address: str, clips: list[list[VideoPacket]], streams: int) -> None:
    """Opens streams one after the other, and leaves every other one half-way."""
    with Client(address) as client:
        for number in range(streams):
            clip = clips[number % len(clips)]
            outcomes = client.detect([source(packet) for packet in clip[:4]])
            if number % 2:
                next(outcomes)
                outcomes.close()
            else:
                assert len(list(outcomes)) == 4


def test_server_lets_go_of_its_decoders(
    server: ServerProcess, clips: list[list[VideoPacket]]
) -> None:
    process = psutil.Process(server.process.pid)
    open_and_leave(server.address, clips, STREAMS // 4)
    memory, threads, files = usage(process)
    open_and_leave(server.address, clips, STREAMS)
    memory_after, threads_after, files_after = usage(process)
    assert memory_after - memory < MOST_GROWTH_BYTES
    assert threads_after <= threads + FEW
    assert files_after <= files + FEW
