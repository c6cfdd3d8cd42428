"""Video decoder that gives the picture of each packet at once, in decoding order."""

from contextlib import suppress
from fractions import Fraction
from typing import Final, cast

import av
import numpy as np
from av.codec.context import Flags

from posewire_server.errors import ErrorReason, SourceError
from posewire_server.frame import ColorMatrix, ColorRange, VideoCodec
from posewire_server.inference.sources.picture import Image, Picture, Planes, Reduce, full_size
from posewire_server.inference.sources.video.bitstream import AccessUnit
from posewire_server.inference.sources.video.h264 import H264Syntax
from posewire_server.inference.sources.video.hevc import HevcSyntax

_PLANAR_420: Final = {"yuv420p", "yuvj420p"}
# FFmpeg's AVColorSpace and AVColorRange.
_COLORSPACES: Final = {ColorMatrix.BT709: 1, ColorMatrix.BT601: 6}
_RANGES: Final = {ColorRange.LIMITED: 1, ColorRange.FULL: 2}


class VideoDecoder:
    """Decodes packets of one codec with FFmpeg, by PyAV; not for two threads at once.

    FFmpeg would hold pictures back to put them into the order in which they are shown. Parameter
    sets that promise no reordering make it give each picture at once, in the order of decoding;
    of H.264 it then drops pictures that are shown before one that it already gave. It does not
    report what it conceals, so lost packets are detected before FFmpeg is given any.

    Args:
        max_pixels: Limit of width * height as coded, in whole blocks.
    """

    def __init__(self, codec: VideoCodec, max_pixels: int) -> None:
        self.codec = codec
        self._max_pixels = max_pixels
        self._syntax = H264Syntax() if codec is VideoCodec.H264 else HevcSyntax()
        self._context = self._open()
        self._is_ready = False
        self._after_seam = False
        self._reference_number = 0
        self._count = 0

    def decode(self, data: bytes) -> av.VideoFrame:
        """Returns the picture of a packet.

        Raises:
            SourceError: VIDEO_PACKET_UNDECODABLE, VIDEO_KEY_FRAME_MISSING, VIDEO_UNSUPPORTED,
                IMAGE_TOO_LARGE.
        """
        unit = self._read(data)
        frame = self._run(unit)
        if frame is None:
            text = "its picture is shown before one that was sent earlier; encode without B-frames"
            raise self._error(ErrorReason.VIDEO_UNSUPPORTED, text)
        return frame

    def pass_over(self, data: bytes) -> None:
        """Decodes a packet only if later packets need it.

        Raises:
            SourceError: As ``decode``.
        """
        unit = self._read(data)
        if unit.is_reference:
            self._run(unit)

    def _read(self, data: bytes) -> AccessUnit:
        try:
            unit = self._syntax.read(data)
        except ValueError as error:
            raise self._undecodable(str(error)) from error
        self._check_size(unit)
        self._check_place(unit)
        return unit

    def _check_size(self, unit: AccessUnit) -> None:
        width, height = unit.size or (0, 0)
        if width * height > self._max_pixels:
            self._is_ready = False
            raise SourceError(
                ErrorReason.IMAGE_TOO_LARGE,
                f"the video has {width}x{height} pixels, at most {self._max_pixels} are accepted; "
                "send it smaller",
                width=width,
                height=height,
                max_image_pixels=self._max_pixels,
            )

    def _check_place(self, unit: AccessUnit) -> None:
        """Raises unless FFmpeg has all references of a packet."""
        if unit.is_key:
            return
        self._after_seam &= unit.is_leading
        self._is_ready &= self._after_seam or self._follows(unit)
        if not self._is_ready or self._after_seam:
            raise self._key_frame_missing(unit)

    def _follows(self, unit: AccessUnit) -> bool:
        return not unit.numbers or unit.number == (self._reference_number + 1) % unit.numbers

    def _note(self, unit: AccessUnit) -> None:
        if unit.is_reference:
            self._reference_number = unit.number

    def _run(self, unit: AccessUnit) -> av.VideoFrame | None:
        """Returns the picture of a unit, or None if FFmpeg decodes and drops it."""
        if not unit.is_key:
            return self._feed(unit)
        if self._is_ready and (not unit.is_open or self._follows(unit)):
            self._after_seam = False
            with suppress(SourceError):  # What is left of earlier pictures may be in its way.
                return self._feed(unit)
        self._context = self._open()
        self._is_ready, self._after_seam = True, unit.is_open
        return self._feed(unit)

    def _open(self) -> av.VideoCodecContext:
        context = av.VideoCodecContext.create(self.codec.value, "r")
        context.thread_count = 1  # Streams are spread over frame threads.
        context.flags |= Flags.output_corrupt  # Rather than nothing: we look at the mark.
        context.options = {"err_detect": "explode", "max_pixels": str(self._max_pixels)}
        return context

    def _feed(self, unit: AccessUnit) -> av.VideoFrame | None:
        packet = av.Packet(unit.data)
        packet.pts = self._count = self._count + 1
        packet.time_base = Fraction(1, 25)
        try:
            frames = self._context.decode(packet)
        except (av.FFmpegError, MemoryError) as error:
            raise self._undecodable("the decoder refused it") from error
        self._note(unit)
        if not frames and not unit.is_key and self.codec is VideoCodec.H264:
            return None
        if len(frames) != 1 or frames[0].pts != self._count:
            raise self._undecodable("no picture came out of it")
        if frames[0].is_corrupt:
            raise self._key_frame_missing(unit)
        return frames[0]

    def _undecodable(self, why: str) -> SourceError:
        self._is_ready = False
        text = f"{why}; send a key frame, with its parameter sets and in Annex B form, to go on"
        return self._error(ErrorReason.VIDEO_PACKET_UNDECODABLE, text)

    def _key_frame_missing(self, unit: AccessUnit) -> SourceError:
        self._is_ready &= unit.is_leading  # Those after the leading ones do without them.
        self._note(unit)
        text = "packets that it builds on are missing or were damaged; send a key frame"
        return self._error(ErrorReason.VIDEO_KEY_FRAME_MISSING, text)

    def _error(self, reason: ErrorReason, why: str) -> SourceError:
        name = self.codec.name
        return SourceError(reason, f"the {name} packet gives no picture: {why}", codec=name)


def to_picture(
    frame: av.VideoFrame,
    reduce: Reduce = full_size,
    *,
    color_matrix: ColorMatrix | None = None,
    color_range: ColorRange | None = None,
) -> Picture:
    """Returns the picture of a decoded frame.

    Frames that are not 8 bits a channel and 4:2:0 are converted by FFmpeg, at full size. A rotation
    is not applied.

    Args:
        color_matrix: None: as the video says, or BT.601.
        color_range: None: as the video says, or limited.
    """
    if color_range is ColorRange.LIMITED and frame.format.name.startswith("yuvj"):
        frame = frame.reformat(format="yuvj420p")  # FFmpeg takes the others as full in any case.
    if color_matrix:
        frame.colorspace = _COLORSPACES[color_matrix]
    if color_range:
        frame.color_range = _RANGES[color_range]
    size = frame.width, frame.height
    if frame.format.name not in _PLANAR_420:
        return Picture(cast("Image", frame.to_ndarray(format="bgr24")), size)
    y, u, v = map(_view, frame.planes)
    is_bt709 = frame.colorspace == _COLORSPACES[ColorMatrix.BT709]
    is_full = frame.color_range == _RANGES[ColorRange.FULL]
    matrix = ColorMatrix.BT709 if is_bt709 else ColorMatrix.BT601
    values = ColorRange.FULL if is_full else ColorRange.LIMITED
    reduction = reduce(size)
    return Picture(Planes(y, u, v, reduction, matrix, values), size, reduction)


def _view(plane: av.video.plane.VideoPlane) -> Image:
    samples = np.frombuffer(cast("memoryview", plane), np.uint8)
    rows = samples.reshape(plane.height, plane.line_size)
    return rows[:, : plane.width]
