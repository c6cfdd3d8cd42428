"""Annotated pictures and videos: frames with their poses drawn on them."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Self, cast

import cv2
import numpy as np
import numpy.typing as npt

from posewire_server.errors import ConfigError, LocalReason, SourceError
from posewire_server.frame import MAX_PIXELS
from posewire_server.inference.reader import SourceReader
from posewire_server.skeletons import Skeleton
from posewire_server.tools.media.draw import draw_poses
from posewire_server.tools.media.open_source import IMAGE_SUFFIXES
from posewire_server.tools.media.source import DetectedFrame, Source

# The codecs that OpenCV's wheels can write, by the suffix of the file.
_CODECS = {".mp4": "mp4v", ".avi": "MJPG"}


class Annotator(ABC):
    """Writes frames with their poses; a context manager.

    Raises:
        ConfigError: OUTPUT_UNWRITABLE; ``write`` raises it, too.
    """

    def __init__(self, output: Path, folder: Path, skeleton: Skeleton) -> None:
        self._output = output
        self._skeleton = skeleton
        self._reader = SourceReader(MAX_PIXELS)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unwritable(folder) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.close()

    @abstractmethod
    def write(self, detected: DetectedFrame) -> None:
        """Writes one frame; a frame without poses only if the output would have a gap."""


def open_annotator(output: Path, source: Source, skeleton: Skeleton) -> Annotator:
    """Returns an annotator for the frames of a source.

    The output is a .mp4 or .avi file for a video, a folder for images, or a file for one image.

    Raises:
        ConfigError: OUTPUT_UNWRITABLE.
    """
    suffix = output.suffix.lower()
    if source.is_video:
        if suffix not in _CODECS:
            text = f"an annotated video is written to a .mp4 or .avi file, not to {str(output)!r}"
            raise ConfigError(LocalReason.OUTPUT_UNWRITABLE, text)
        return AnnotatedVideo(output, source.fps, skeleton)
    if suffix and suffix not in IMAGE_SUFFIXES and not output.is_dir():
        known = ", ".join(sorted(IMAGE_SUFFIXES))
        text = f"annotated pictures are written to a folder, one to a file of {known}, "
        raise ConfigError(LocalReason.OUTPUT_UNWRITABLE, f"{text}not to {str(output)!r}")
    if suffix in IMAGE_SUFFIXES and source.frame_count != 1:
        text = f"{source.frame_count} images do not fit into {str(output)!r}; give a folder"
        raise ConfigError(LocalReason.OUTPUT_UNWRITABLE, text)
    return AnnotatedImages(output, skeleton)


class AnnotatedImages(Annotator):
    """Writes an image file for each frame into a folder, or the one file that was asked for."""

    def __init__(self, output: Path, skeleton: Skeleton) -> None:
        self._is_file = output.suffix.lower() in IMAGE_SUFFIXES
        super().__init__(output, output.parent if self._is_file else output, skeleton)

    def write(self, detected: DetectedFrame) -> None:
        """Writes a frame with poses; others leave no file."""
        if detected.detection is None:
            return
        path = self._path_of(detected.frame.name)
        image = self._reader.read(detected.frame.source).image
        picture = draw_poses(image, detected.detection.poses, self._skeleton)
        ok, data = cv2.imencode(path.suffix, picture)
        try:
            path.write_bytes(data.tobytes() if ok else b"")
        except OSError as error:
            raise _unwritable(path) from error

    def _path_of(self, name: str) -> Path:
        if self._is_file:
            return self._output
        path = self._output / name
        return path if path.suffix.lower() in IMAGE_SUFFIXES else path.with_name(f"{path.name}.png")


class AnnotatedVideo(Annotator):
    """Writes a video; its size is that of the first frame."""

    def __init__(self, output: Path, fps: float, skeleton: Skeleton) -> None:
        super().__init__(output, output.parent, skeleton)
        self._fps = fps
        self._writer: cv2.VideoWriter | None = None
        self._size = (0, 0)

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        if self._writer is not None:
            self._writer.release()

    def write(self, detected: DetectedFrame) -> None:
        """Appends a frame; a failed one has no poses, a dropped one is left out."""
        source = detected.frame.source
        if detected.problem in {"dropped", "lost"}:
            self._reader.leave_out(source)
            return
        try:
            picture = self._reader.read(source).image
        except SourceError:
            return  # a packet that nobody could decode
        if detected.detection is not None:
            picture = draw_poses(picture, detected.detection.poses, self._skeleton)
        if self._writer is None:
            self._size = (picture.shape[1], picture.shape[0])
            self._writer = self._open()
        if picture.shape[1::-1] != self._size:  # a network stream may change its size
            picture = cast("npt.NDArray[np.uint8]", cv2.resize(picture, self._size))
        self._writer.write(picture)

    def _open(self) -> cv2.VideoWriter:
        codec = cv2.VideoWriter.fourcc(*_CODECS[self._output.suffix.lower()])
        writer = cv2.VideoWriter(str(self._output), codec, self._fps, self._size)
        if not writer.isOpened():
            raise _unwritable(self._output)
        return writer


def _unwritable(path: Path) -> ConfigError:
    text = f"{str(path)!r} cannot be written; choose another place with --output"
    return ConfigError(LocalReason.OUTPUT_UNWRITABLE, text)
