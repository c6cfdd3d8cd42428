"""Videos, cameras and network streams, by OpenCV."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from posewire_server.errors import LocalReason, SourceError
from posewire_server.tools.media.source import SourceFrame

_DEFAULT_FPS = 25.0


class Video:
    """A video file, camera or network stream, opened once and read once.

    A camera is live, and so is a network stream that does not know how many frames it has.

    Args:
        name: What the user called it.
        target: Index of a camera, or path or URL.

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
            raise SourceError(
                LocalReason.SOURCE_EMPTY, f"{self.name} has no frame that can be read"
            )


def _remedy(target: int | str) -> str:
    if isinstance(target, int):
        return "is it plugged in, free, and allowed to this user?"
    if "://" in target:
        return "is the address right, and does the host answer?"
    return "is it a video that OpenCV reads, such as MP4, AVI, MKV or WebM?"
