"""Clips of drawn pictures that tell their own number, compressed as a test wants them."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from posewire_server.frame import VideoCodec, VideoPacket

Image = npt.NDArray[np.uint8]

_ENCODERS = {VideoCodec.H264: "libx264", VideoCodec.HEVC: "libx265"}
_PARAMETERS = {VideoCodec.H264: "x264-params", VideoCodec.HEVC: "x265-params"}
_QUIET = {VideoCodec.H264: "", VideoCodec.HEVC: "log-level=none:pools=none:frame-threads=1:"}
_BAR = 16
_BITS = 8


def drawn(number: int, width: int = 128, height: int = 96) -> Image:
    """Returns a picture with its number in bars along the top, and a square that moves."""
    coarse = np.random.default_rng(7).integers(60, 200, (height // 8 + 1, width // 8 + 1, 3))
    image = coarse.astype(np.uint8).repeat(8, 0).repeat(8, 1)[:height, :width].copy()
    for bit in range(_BITS):
        image[:_BAR, bit * _BAR : (bit + 1) * _BAR] = 255 * (number >> bit & 1)
    left = number * 5 % (width - 20)
    image[height // 2 : height // 2 + 20, left : left + 20] = (0, 255, 0)
    return image


def read_number(image: Image) -> int:
    """Returns the number that a picture tells."""
    bars = [image[4:12, bit * _BAR + 4 : bit * _BAR + 12].mean() for bit in range(_BITS)]
    return sum(int(bar > 128) << bit for bit, bar in enumerate(bars))


def compress(
    images: Sequence[Image],
    codec: VideoCodec = VideoCodec.H264,
    parameters: str = "bframes=0",
    *,
    pixel_format: str = "yuv420p",
    key_every: int = 12,
    **options: str,
) -> list[VideoPacket]:
    """Returns the packets of pictures in decoding order, numbered.

    Args:
        images: In the order in which they are shown.
        codec: Of the packets.
        parameters: For x264 or x265.
        pixel_format: FFmpeg's name of it.
        key_every: Pictures from key frame to key frame.
        options: For the encoder.
    """
    context = av.CodecContext.create(_ENCODERS[codec], "w")
    assert isinstance(context, av.VideoCodecContext)
    context.height, context.width = images[0].shape[:2]
    context.pix_fmt = pixel_format
    context.time_base, context.framerate = Fraction(1, 25), Fraction(25)
    context.gop_size, context.thread_count = key_every, 1
    private = {_PARAMETERS[codec]: _QUIET[codec] + parameters}
    context.options = {"preset": "ultrafast", **private, **options}
    packets = []
    for number, image in enumerate(images):
        frame = av.VideoFrame.from_ndarray(image, format="bgr24")
        frame.pts = number
        packets += context.encode(frame)
    packets += context.encode(None)
    return [
        VideoPacket(codec, each.is_keyframe, (each.pts or 0) * 40_000_000, bytes(each), number)
        for number, each in enumerate(packets)
    ]


def shown_number(packet: VideoPacket) -> int:
    """Returns which picture is coded in a packet of ``compress``."""
    assert packet.presentation_ns is not None
    return packet.presentation_ns // 40_000_000


def write_video(
    path: Path, images: Sequence[Image], encoder: str = "libx264", parameters: str = "bframes=0"
) -> Path:
    """Writes pictures to a file in the container that its suffix names, 25 in a second."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(encoder, 25)
        assert isinstance(stream, av.VideoStream)
        stream.height, stream.width = images[0].shape[:2]
        stream.pix_fmt, stream.codec_context.gop_size = "yuv420p", 12
        names = {"libx264": "x264-params", "libx265": "x265-params"}
        if encoder in names:
            stream.options = {"preset": "ultrafast", names[encoder]: "log-level=0:" + parameters}
        for image in images:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode(None))
    return path
