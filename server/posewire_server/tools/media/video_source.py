"""Videos as sources: pictures by OpenCV, or compressed packets by PyAV."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import av
import cv2
import numpy as np
import numpy.typing as npt
from av.bitstream import BitStreamFilterContext

from posewire_server.errors import LocalReason, SourceError
from posewire_server.frame import VideoCodec, VideoPacket
from posewire_server.tools.media.source import SourceFrame

_DEFAULT_FPS = 25.0


class VideoSource:
    """A video file, camera or network stream, opened once and read once.

    A camera is live, also a network stream without a known number of frames. The target is the
    index of a camera, a path or a URL.

    Raises:
        SourceError: SOURCE_UNREADABLE.
    """

    is_video = True

    def __init__(self, name: str, target: int | str) -> None:
        self.name = name
        self._capture = cv2.VideoCapture(target)
        if not self._capture.isOpened():
            text = f"{name} cannot be opened; {_remedy(target)}"
            raise SourceError(LocalReason.SOURCE_UNREADABLE, text)
        fps = self._capture.get(cv2.CAP_PROP_FPS)
        self.fps = fps if np.isfinite(fps) and 0 < fps <= 1000 else _DEFAULT_FPS
        count = int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))
        self.frame_count = count if count > 0 and isinstance(target, str) else None
        self.is_live = self.frame_count is None and not Path(str(target)).is_file()

    def __iter__(self) -> Iterator[SourceFrame]:
        number, begin = 0, datetime.now(UTC)
        try:
            while True:
                ok, image = self._capture.read()
                if not ok:
                    break
                pixels = cast("npt.NDArray[np.uint8]", image)
                played = timedelta(seconds=number / self.fps)
                time = datetime.now(UTC) if self.is_live else begin + played
                yield SourceFrame(f"frame {number}", pixels, time)
                number += 1
        finally:
            self._capture.release()
        if number == 0:
            text = f"{self.name} has no frame that can be read"
            raise SourceError(LocalReason.SOURCE_EMPTY, text)


def _remedy(target: int | str) -> str:
    if isinstance(target, int):
        return "is it plugged in, free, and allowed to this user?"
    if "://" in target:
        return "is the address right, and does the host answer?"
    return "is it a video that OpenCV reads, such as MP4, AVI, MKV or WebM?"


class PacketSource:
    """Packets of the H.264 or HEVC video of a path or URL, opened once and read once.

    Raises:
        SourceError: SOURCE_UNREADABLE.
    """

    is_video = True

    def __init__(self, name: str) -> None:
        self.name = name
        try:
            self._container = av.open(name)
        except av.FFmpegError as error:
            text = f"{name} cannot be opened as a video; is the path or address right?"
            raise SourceError(LocalReason.SOURCE_UNREADABLE, text) from error
        videos = self._container.streams.video
        found = videos[0].codec_context.name if videos else "no video"
        if found not in {codec.value for codec in VideoCodec}:
            self._container.close()
            text = f"{name} holds {found}; packets are streamed of H.264 and HEVC, try it without"
            raise SourceError(LocalReason.SOURCE_UNREADABLE, text)
        self._stream = videos[0]
        self._codec = VideoCodec(found)
        self.fps = float(self._stream.average_rate or _DEFAULT_FPS)
        self.frame_count = self._stream.frames or None
        self.is_live = "://" in name and self.frame_count is None

    def __iter__(self) -> Iterator[SourceFrame]:
        begin = datetime.now(UTC)
        for number, packet in enumerate(self._packets()):
            shown_s = number / self.fps
            if packet.pts is not None and packet.time_base is not None:
                shown_s = float((packet.pts - (self._stream.start_time or 0)) * packet.time_base)
            time = datetime.now(UTC) if self.is_live else begin + timedelta(seconds=shown_s)
            unit = VideoPacket(
                self._codec, packet.is_keyframe, round(shown_s * 1e9), bytes(packet), number
            )
            yield SourceFrame(f"frame {number}", unit, time)

    def _packets(self) -> Iterator["av.Packet[av.VideoStream]"]:
        to_annex_b = BitStreamFilterContext(f"{self._codec.value}_mp4toannexb", self._stream)
        with self._container:
            try:
                for packet in self._container.demux(self._stream):
                    if packet.size:
                        yield from to_annex_b.filter(packet)
            except av.FFmpegError as error:
                text = f"{self.name} cannot be read on: {error.strerror}"
                raise SourceError(LocalReason.SOURCE_UNREADABLE, text) from error
