"""Opening of sources: image files, folders, videos, cameras and network streams."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from posewire_server.errors import LocalReason, SourceError
from posewire_server.tools.media.source import Source, SourceFrame
from posewire_server.tools.media.video_source import VideoSource

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".png", ".webp"})


class ImageSource:
    """Image files as they are; each frame has the name of its file, made unique."""

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
            yield SourceFrame(name, _read(path), datetime.now(UTC))


def open_images(specs: Sequence[str]) -> Source:
    """Opens image files, and folders of them.

    Raises:
        SourceError: SOURCE_NOT_FOUND, SOURCE_EMPTY or SOURCE_UNREADABLE; the text names the remedy.
    """
    paths: list[Path] = []
    for spec in specs:
        path = Path(spec)
        if path.is_dir():
            paths += _images_in(path)
        elif path.is_file():
            paths.append(path)
        else:
            raise _not_found(spec)
    return ImageSource(", ".join(specs), paths)


def open_source(spec: str) -> Source:
    """Opens a source.

    Args:
        spec: An image file, a folder of images, a video file, the index of a camera, or a URL, for
            instance ``rtsp://host/path``.

    Raises:
        SourceError: SOURCE_NOT_FOUND, SOURCE_EMPTY or SOURCE_UNREADABLE.
    """
    if spec.isdecimal():
        return VideoSource(f"camera {spec}", int(spec))
    if "://" in spec:
        return VideoSource(spec, spec)
    path = Path(spec)
    if path.is_file() and path.suffix.lower() not in IMAGE_SUFFIXES:
        return VideoSource(spec, spec)
    return open_images([spec])


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise _not_found(str(path)) from error
    except OSError as error:
        text = f"{str(path)!r} cannot be read: {error.strerror}"
        raise SourceError(LocalReason.SOURCE_UNREADABLE, text) from error


def _not_found(spec: str) -> SourceError:
    text = f"there is no file or folder {spec!r}; is the path right, seen from this folder?"
    return SourceError(LocalReason.SOURCE_NOT_FOUND, text)


def _images_in(folder: Path) -> list[Path]:
    try:
        found = sorted(path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES)
    except OSError as error:
        text = f"the folder {str(folder)!r} cannot be read: {error.strerror}"
        raise SourceError(LocalReason.SOURCE_UNREADABLE, text) from error
    if not found:
        suffixes = ", ".join(sorted(IMAGE_SUFFIXES))
        text = f"the folder {str(folder)!r} has no images; looked for {suffixes}"
        raise SourceError(LocalReason.SOURCE_EMPTY, text)
    return found
