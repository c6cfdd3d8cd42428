"""Sources of frames, their frames, and what was detected in one of them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

import numpy as np
import numpy.typing as npt

from posewire_server.frame import EncodedImage, VideoPacket
from posewire_server.outcome import Detection


@dataclass(frozen=True, eq=False)
class SourceFrame:
    """One frame of a source.

    Attributes:
        name: A file's name, or the number of a frame.
        image: Bytes of an image file, (H, W, 3) uint8 BGR pixels, or a packet of a video.
        capture_time: Time of reading for a live source; otherwise the time of opening plus the
            position in the video.
    """

    name: str
    image: bytes | npt.NDArray[np.uint8] | VideoPacket
    capture_time: datetime

    @property
    def source(self) -> EncodedImage | npt.NDArray[np.uint8] | VideoPacket:
        """The source as a pipeline takes it."""
        return EncodedImage(self.image) if isinstance(self.image, bytes) else self.image


class Source(Protocol):
    """Iterable of frames.

    Attributes:
        name: The user's name for it.
        is_live: Frames come at their own pace, and old ones are worthless.
        is_video: The frames show one scene in motion, all of one size.
        fps: Frames per second of a video.
    """

    name: str
    is_live: bool
    is_video: bool
    fps: float
    frame_count: int | None

    def __iter__(self) -> Iterator[SourceFrame]: ...


@dataclass(eq=False)
class ClipSource:
    """Video made in memory, one picture at a time."""

    name: str
    make_frame: Callable[[int], npt.NDArray[np.uint8]]
    frame_count: int | None
    fps: float
    is_live = False
    is_video = True

    def __iter__(self) -> Iterator[SourceFrame]:
        assert self.frame_count is not None
        begin = datetime.now(UTC)
        for number in range(self.frame_count):
            time = begin + timedelta(seconds=number / self.fps)
            yield SourceFrame(f"frame {number}", self.make_frame(number), time)


@dataclass(frozen=True, eq=False)
class DetectedFrame:
    """One frame and its outcome.

    Attributes:
        detection: None if there is a problem.
        round_trip_s: From handing the frame over to its outcome, in seconds.
        problem: ``error``, ``dropped`` or ``lost``; empty if there is a detection.
        reason: Name of the error or of the reason for dropping.
        message: Text for people.
    """

    frame: SourceFrame
    detection: Detection | None
    round_trip_s: float = 0.0
    problem: str = ""
    reason: str = ""
    message: str = ""
