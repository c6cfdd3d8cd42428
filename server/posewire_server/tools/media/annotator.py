"""Annotated pictures and videos: frames with their poses drawn on them."""

from pathlib import Path
from typing import Protocol, Self, cast

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


class Annotator(Protocol):
    """Writes frames with their poses; a context manager."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def write(self, detected: DetectedFrame) -> None:
        """Writes one frame; a frame without poses only if the output would have a gap."""
        ...


def open_annotator(output: Path, source: Source, skeleton: Skeleton) -> Annotator:
    """Returns an annotator for the frames of a source.

    Args:
        output: A .mp4 or .avi file for a video; a folder for images, or a file for one image.
        source: Source of the frames.
        skeleton: Skeleton of the poses.

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


class AnnotatedImages:
    """Writes an image file for each frame into a folder, or the one file that was asked for."""

    def __init__(self, output: Path, skeleton: Skeleton) -> None:
        self._output = output
        self._skeleton = skeleton
        self._reader = SourceReader(MAX_PIXELS)
        self._is_file = output.suffix.lower() in IMAGE_SUFFIXES
        _make_folder(output.parent if self._is_file else output)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def write(self, detected: DetectedFrame) -> None:
        """Writes a frame with poses; others leave no file.

        Raises:
            ConfigError: OUTPUT_UNWRITABLE.
        """
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


class AnnotatedVideo:
    """Writes a video; its size is that of the first frame."""

    def __init__(self, output: Path, fps: float, skeleton: Skeleton) -> None:
        self._output = output
        self._fps = fps
        self._skeleton = skeleton
        self._reader = SourceReader(MAX_PIXELS)
        self._writer: cv2.VideoWriter | None = None
        self._size = (0, 0)
        _make_folder(output.parent)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.close()
        if self._writer is not None:
            self._writer.release()

    def write(self, detected: DetectedFrame) -> None:
        """Appends a frame; a failed one has no poses, a dropped one is left out.

        Raises:
            ConfigError: OUTPUT_UNWRITABLE.
        """
        source = detected.frame.source
        if detected.problem in {"dropped", "lost"}:
            self._reader.leave_out(source)
            return
        try:
            picture = self._reader.read(source).image
        except SourceError:
            return  # A packet that nobody could decode.
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


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder) from error


def _unwritable(path: Path) -> ConfigError:
    text = f"{str(path)!r} cannot be written; choose another place with --output"
    return ConfigError(LocalReason.OUTPUT_UNWRITABLE, text)
