"""What a video costs when it is served as it is compressed, beside decoding it and nothing else."""

import statistics
import time
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import cast

import av
from posewire import Client, PixelFormat, RawPixels, VideoCodec, video_packet
from posewire_server.serving.server_process import ServerProcess
from posewire_server.tools.benchmarks.figure import Figure
from posewire_server.tools.benchmarks.load import Image, picture

from tests.benchmarks.processor import processor_ms

_NOOP = ("posewire_server.tools.benchmarks.noop",)
_WIDTH, _HEIGHT = 1920, 1080
_STEP = 6
_ENCODERS = {VideoCodec.H264: "libx264", VideoCodec.HEVC: "libx265"}


def measure(blocks: int = 9, loops: int = 4, frames: int = 30) -> list[Figure]:
    """Compares packets of 1080p video with the same pictures, decoded: processor time a frame.

    - packets: what the server takes to receive, decode, convert, resize and answer;
    - pictures: the same without decoding: NV12 planes that the client decoded, by shared memory;
    - raw: the same with BGR pixels, as bytes;
    - decoded: what PyAV takes to decode the packets with one thread, as the server does, and to
      leave the planes as they are.

    The network does nothing. The ways are taken in turn, and each counts with its median over the
    blocks. What a packet adds is what it takes less what the picture takes.

    Args:
        blocks: How often each way is taken.
        loops: How often the video is played in a block; the processor time of a process is told in
            hundredths of a second.
        frames: Of the video; the first is the only key frame.
    """
    with ServerProcess(command=_NOOP) as server:
        return [
            figure
            for codec in VideoCodec
            for figure in _compare(server, codec, blocks, loops, frames)
        ]


def _compare(
    server: ServerProcess, codec: VideoCodec, blocks: int, loops: int, frames: int
) -> list[Figure]:
    packets = _compress(codec, frames)
    decoder = _decoder(codec)
    decoded = [decoder.decode(av.Packet(packet))[0] for packet in packets]
    planes = [cast("Image", frame.to_ndarray(format="nv12")) for frame in decoded]
    pixels = [cast("Image", frame.to_ndarray(format="bgr24")) for frame in decoded]
    pictures = [RawPixels.from_array(each, PixelFormat.NV12) for each in planes]
    sources = [video_packet(packet, codec) for packet in packets]
    with Client(server.address) as client:
        ways: tuple[Callable[[], float], ...] = (
            lambda: processor_ms(server, client, sources * loops),
            lambda: processor_ms(server, client, pictures * loops, shared_memory=True),
            lambda: processor_ms(server, client, pixels * loops),
            lambda: _decode(codec, packets * loops),
        )
        spent_ms = [[way() for way in ways] for _ in range(blocks)]
    packet_ms, picture_ms, raw_ms, decoding_ms = map(statistics.median, zip(*spent_ms, strict=True))
    added, name = (packet_ms - picture_ms) / decoding_ms, f"video: {codec.name} 1080p"
    return [
        Figure(f"{name}: added over its decoding alone", added, "x", "<= 1.10", blocks),
        Figure(f"{name}: decoding alone, processor time", decoding_ms, "ms", "", blocks),
        Figure(f"{name}: served, processor time", packet_ms, "ms", "", blocks),
        Figure(f"{name}: served over the same as raw BGR", packet_ms / raw_ms, "x", "", blocks),
    ]


def _compress(codec: VideoCodec, frames: int) -> list[bytes]:
    """Returns the packets of a camera that pans over a picture."""
    context = av.CodecContext.create(_ENCODERS[codec], "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt = _WIDTH, _HEIGHT, "yuv420p"
    context.time_base, context.framerate = Fraction(1, 30), Fraction(30)
    context.gop_size = frames
    context.options = {"preset": "superfast", "tune": "zerolatency"}
    if codec is VideoCodec.HEVC:
        context.options |= {"x265-params": "log-level=none"}
    wide = picture(_WIDTH + frames * _STEP, _HEIGHT)
    packets = []
    for number in range(frames):
        window = wide[:, number * _STEP : number * _STEP + _WIDTH]
        frame = av.VideoFrame.from_ndarray(window.copy(), format="bgr24")
        frame.pts = number
        packets += context.encode(frame)
    return [bytes(packet) for packet in [*packets, *context.encode(None)]]


def _decoder(codec: VideoCodec) -> av.VideoCodecContext:
    context = av.CodecContext.create(codec.name.lower(), "r")
    assert isinstance(context, av.VideoCodecContext)
    context.thread_count = 1
    return context


def _decode(codec: VideoCodec, packets: Sequence[bytes]) -> float:
    """Returns the milliseconds for each of some packets."""
    decoder = _decoder(codec)
    begin_s = time.process_time()
    for packet in packets:
        decoder.decode(av.Packet(packet))
    return 1e3 * (time.process_time() - begin_s) / len(packets)
