"""Where frames come from: image files, folders, videos, cameras and network streams."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol, cast

import cv2
import numpy as np
import numpy.typing as npt

from posewire_server.errors import SourceError

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".png", ".webp"})
_DEFAULT_FPS = 25.0


@dataclass(frozen=True, eq=False)
class SourceFrame:
    """One picture of a source.

    Attributes:
        name: What to call it: a file's name, or the number of a frame.
        image: The bytes of an image file as they are, or (H, W, 3) uint8 BGR pixels.
        capture_time: When it was read.
    """

    name: str
    image: bytes | npt.NDArray[np.uint8]
    capture_time: datetime


class Source(Protocol):
    """An iterable of frames.

    Attributes:
        name: What the user called it.
        is_live: Whether frames come at their own pace and old ones are worth nothing.
        is_video: Whether the frames show one scene in motion, all of one size.
        fps: Frames in a second, where it is a video.
        frame_count: How many frames there are, None where nobody knows.
    """

    name: str
    is_live: bool
    is_video: bool
    fps: float
    frame_count: int | None

    def __iter__(self) -> Iterator[SourceFrame]: ...


class ImageFiles:
    """Image files, sent as they are; each is named after its file, and no two alike."""

    is_live = False
    is_video = False
    fps = 0.0

    def __init__(self, name: str, paths: Sequence[Path]) -> None:
        self.name = name
        self.frame_count: int | None = len(paths)
        self._paths = paths

    def __iter__(self) -> Iterator[SourceFrame]:
        seen: Counter[str] = Counter()
        for path in self._paths:
            seen[path.name] += 1
            count = seen[path.name]
            name = path.name if count == 1 else f"{path.stem}-{count}{path.suffix}"
            yield SourceFrame(name, read_bytes(path), datetime.now(UTC))


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
            text = f"{name} can not be opened; {_remedy(target)}"
            raise SourceError("SOURCE_UNREADABLE", text)
        fps = self._capture.get(cv2.CAP_PROP_FPS)
        self.fps = fps if np.isfinite(fps) and 0 < fps <= 1000 else _DEFAULT_FPS
        count = int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))
        self.frame_count = count if count > 0 and isinstance(target, str) else None
        self.is_live = self.frame_count is None and not Path(str(target)).is_file()

    def __iter__(self) -> Iterator[SourceFrame]:
        number = 0
        try:
            while True:
                ok, image = self._capture.read()
                if not ok:
                    break
                pixels = cast("npt.NDArray[np.uint8]", image)
                yield SourceFrame(f"frame {number}", pixels, datetime.now(UTC))
                number += 1
        finally:
            self._capture.release()
        if number == 0:
            raise SourceError("SOURCE_EMPTY", f"{self.name} has no frame that can be read")


class Clip:
    """A video made in memory, one picture at a time."""

    is_live = False
    is_video = True

    def __init__(
        self,
        name: str,
        make_frame: Callable[[int], npt.NDArray[np.uint8]],
        frame_count: int,
        fps: float,
    ) -> None:
        self.name = name
        self.fps = fps
        self.frame_count: int | None = frame_count
        self._make_frame = make_frame

    def __iter__(self) -> Iterator[SourceFrame]:
        assert self.frame_count is not None
        for number in range(self.frame_count):
            yield SourceFrame(f"frame {number}", self._make_frame(number), datetime.now(UTC))


def open_images(specs: Sequence[str]) -> Source:
    """Opens image files, and folders of them.

    Raises:
        SourceError: SOURCE_NOT_FOUND, SOURCE_EMPTY or SOURCE_UNREADABLE; the text names the remedy.
    """
    paths: list[Path] = []
    for path in map(Path, specs):
        if path.is_dir():
            paths += _images_in(path)
        elif path.is_file():
            paths.append(path)
        else:
            raise _not_found(str(path))
    return ImageFiles(", ".join(specs), paths)


def open_source(spec: str) -> Source:
    """Opens what a user named.

    Args:
        spec: An image file, a folder of images, a video file, the index of a camera, or a URL such
            as ``rtsp://host/path``.

    Raises:
        SourceError: SOURCE_NOT_FOUND, SOURCE_EMPTY or SOURCE_UNREADABLE; the text names the remedy.
    """
    if spec.isdecimal():
        return Video(f"camera {spec}", int(spec))
    if "://" in spec:
        return Video(spec, spec)
    path = Path(spec)
    if path.is_dir():
        return ImageFiles(spec, _images_in(path))
    if not path.is_file():
        raise _not_found(spec)
    if path.suffix.lower() in IMAGE_SUFFIXES:
        return ImageFiles(spec, [path])
    return Video(spec, spec)


def read_bytes(path: Path) -> bytes:
    """Reads a file.

    Raises:
        SourceError: SOURCE_NOT_FOUND or SOURCE_UNREADABLE.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise _not_found(str(path)) from error
    except OSError as error:
        text = f"{str(path)!r} can not be read: {error.strerror}"
        raise SourceError("SOURCE_UNREADABLE", text) from error


def _remedy(target: int | str) -> str:
    if isinstance(target, int):
        return "is it plugged in, free, and allowed to this user?"
    if "://" in target:
        return "is the address right, and does the host answer?"
    return "is it a video that OpenCV reads, such as MP4, AVI, MKV or WebM?"


def _not_found(spec: str) -> SourceError:
    text = f"there is no file or folder {spec!r}; is the path right, seen from this folder?"
    return SourceError("SOURCE_NOT_FOUND", text)


def _images_in(folder: Path) -> list[Path]:
    try:
        found = sorted(path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES)
    except OSError as error:
        text = f"the folder {str(folder)!r} can not be read: {error.strerror}"
        raise SourceError("SOURCE_UNREADABLE", text) from error
    if not found:
        suffixes = ", ".join(sorted(IMAGE_SUFFIXES))
        text = f"the folder {str(folder)!r} has no images; looked for {suffixes}"
        raise SourceError("SOURCE_EMPTY", text)
    return found
