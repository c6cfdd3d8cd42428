"""What a video costs when it is served as it is compressed, beside decoding it and nothing else."""

import math
import statistics
import time
from collections.abc import AsyncIterator, Callable, Sequence
from fractions import Fraction
from typing import TypeVar, cast

import av
from posewire import AsyncClient, Result, Source, VideoCodec, video_packet

from posewire_server.bench.figure import Figure
from posewire_server.bench.load import Image, picture, run_async, with_client
from posewire_server.bench.noop import noop_pipeline
from posewire_server.rpc.process import ServerProcess

T = TypeVar("T")

_NOOP = ("posewire_server.bench.noop",)
_WIDTH, _HEIGHT = 1920, 1080
_STEP = 6
_ENCODERS = {VideoCodec.H264: "libx264", VideoCodec.HEVC: "libx265"}


def measure(blocks: int = 15, frames: int = 30) -> list[Figure]:
    """Takes the same 1080p pictures four ways, in turn, frame by frame.

    - served: a packet goes to a server without a network, and its answer comes back;
    - raw: so do the decoded pixels;
    - in process: the same pipeline is given the decoded pixels by a call;
    - decoded: PyAV decodes the packet with one thread, as the server does, and leaves the planes.

    A frame counts with its median over the blocks, a way with the sum over the frames. What a
    packet adds is served less in process: its transport, its decoding and the change to BGR.

    Args:
        blocks: How often each way is taken.
        frames: Of the video; the first is the only key frame.
    """
    with ServerProcess(command=_NOOP) as server:
        return [
            figure
            for codec in VideoCodec
            for figure in _compare(server.address, codec, blocks, frames)
        ]


def _compare(address: str, codec: VideoCodec, blocks: int, frames: int) -> list[Figure]:
    packets = _compress(codec, frames)
    sources = [video_packet(bytes(packet), codec) for packet in packets]
    decoder, pipeline = _decoder(codec), noop_pipeline()
    decoded = [decoder.decode(packet)[0] for packet in packets]
    pictures = [cast("Image", frame.to_ndarray(format="bgr24")) for frame in decoded]
    ways: tuple[Callable[[], list[float]], ...] = (
        lambda: run_async(with_client(address, lambda client: _serve(client, sources))),
        lambda: run_async(with_client(address, lambda client: _serve(client, pictures))),
        lambda: _each(pictures, pipeline.detect),
        lambda: _each(packets, _decoder(codec).decode),
    )
    taken_s = [[way() for way in ways] for _ in range(blocks)]
    served_s, raw_s, in_process_s, decoding_s = map(_typical_s, zip(*taken_s, strict=True))
    added = (served_s - in_process_s) / decoding_s
    runs, name = blocks * frames, f"video: {codec.name} 1080p"
    return [
        Figure(f"{name}: added over its decoding alone", added, "x", "<= 1.10", runs),
        Figure(f"{name}: decoding alone", 1e3 * decoding_s / frames, "ms", "", runs),
        Figure(f"{name}: served", 1e3 * served_s / frames, "ms", "", runs),
        Figure(f"{name}: served over the same as raw BGR", served_s / raw_s, "x", "", runs),
    ]


def _compress(codec: VideoCodec, frames: int) -> list["av.Packet[av.VideoStream]"]:
    """Returns the packets of a camera that pans over a picture."""
    context = av.CodecContext.create(_ENCODERS[codec], "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt = _WIDTH, _HEIGHT, "yuv420p"
    context.time_base, context.framerate = Fraction(1, 30), Fraction(30)
    context.gop_size = frames
    context.options = {"preset": "veryfast", "tune": "zerolatency"}
    if codec is VideoCodec.HEVC:
        context.options |= {"x265-params": "log-level=none"}
    wide = picture(_WIDTH + frames * _STEP, _HEIGHT)
    packets = []
    for number in range(frames):
        window = wide[:, number * _STEP : number * _STEP + _WIDTH]
        frame = av.VideoFrame.from_ndarray(window.copy(), format="bgr24")
        frame.pts = number
        packets += context.encode(frame)
    return [*packets, *context.encode(None)]


def _decoder(codec: VideoCodec) -> av.VideoCodecContext:
    context = av.CodecContext.create(codec.name.lower(), "r")
    assert isinstance(context, av.VideoCodecContext)
    context.thread_count = 1
    return context


async def _serve(client: AsyncClient, sources: Sequence[Source]) -> list[float]:
    """Sends each source when the one before it is answered; returns the seconds of each."""
    sent_s: list[float] = []
    taken_s: list[float] = []

    async def frames() -> AsyncIterator[Source]:
        for source in sources:
            sent_s.append(time.perf_counter())
            yield source

    async for outcome in client.detect(frames(), max_in_flight=1):
        assert isinstance(outcome, Result), outcome
        taken_s.append(time.perf_counter() - sent_s[outcome.sequence_id])
    return taken_s


def _each(items: Sequence[T], work: Callable[[T], object]) -> list[float]:
    taken_s = []
    for item in items:
        begin_s = time.perf_counter()
        work(item)
        taken_s.append(time.perf_counter() - begin_s)
    return taken_s


def _typical_s(blocks: Sequence[Sequence[float]]) -> float:
    """Returns the sum over frames of the medians over blocks."""
    return math.fsum(statistics.median(frame) for frame in zip(*blocks, strict=True))
