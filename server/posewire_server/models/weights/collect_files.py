"""Collection of the files of a network from files, folders and archives into one flat folder.

Of archives nothing is run or linked, and nothing is written elsewhere: a member of another kind, or
with a path that leads out, refuses the archive.
"""

import tarfile
import zipfile
from collections.abc import Collection, Generator, Sequence
from contextlib import closing
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO, Final

from posewire_server.errors import LocalReason, WeightsError

MAX_BYTES: Final = 2 << 30
# Weights are nearly random and do not shrink; a member that grows by more is no weights.
MAX_GROWTH: Final = 100
MAX_MEMBERS: Final = 10_000
_CHUNK_BYTES: Final = 1 << 20
_ENDINGS: Final = (
    *(".prototxt", ".caffemodel", ".pdmodel", ".pdiparams", ".pdparams"),
    *(".pth", ".pth.tar"),
)
_NAMES: Final = ("__model__", "__params__", "model", "params")
_ARCHIVES: Final = (".zip", ".whl", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz")


def collect_files(paths: Sequence[Path], folder: Path, names: Collection[str] = ()) -> list[Path]:
    """Copies the files of a network into an empty folder and returns them.

    Args:
        folder: Where the copies go.
        names: Names to take from folders and archives; none: all that look like weights.

    Raises:
        WeightsError: WEIGHTS_UNAVAILABLE if a path is not there; WEIGHTS_DAMAGED for an archive
            that is damaged or hostile, and if nothing was found, or two files of one name.
        OSError: A file cannot be read or written.
    """
    for path in paths:
        if not path.exists():
            text = f"there is no file or folder {str(path)!r}; is the path right?"
            raise WeightsError(LocalReason.WEIGHTS_UNAVAILABLE, text)
        if path.is_dir():
            _take_folder(path, folder, names)
        elif path.name.endswith(_ARCHIVES) and not _is_wanted(path.name):
            _take_archive(path, folder, names)
        else:
            _take_file(path, folder)
    found = sorted(folder.iterdir())
    if not found:
        known = ", ".join(sorted(names) or [*_ENDINGS, *_NAMES])
        raise _damaged(f"{', '.join(map(str, paths))} holds no weights (known are {known})")
    return found


def _take_folder(path: Path, folder: Path, names: Collection[str]) -> None:
    files = [each for each in sorted(path.rglob("*")) if each.is_file()]
    for each in files:
        if _is_wanted(each.name, names) or (not names and (each.parent / "__model__") in files):
            _take_file(each, folder)


def _take_file(path: Path, folder: Path) -> None:
    with path.open("rb") as source:
        _take(source, path.name, folder, MAX_BYTES)


def _take_archive(path: Path, folder: Path, names: Collection[str]) -> None:
    budget = min(MAX_BYTES, MAX_GROWTH * path.stat().st_size)
    try:
        with closing(_read_members(path)) as members:
            for count, (name, source) in enumerate(members):
                if count >= MAX_MEMBERS:
                    raise _damaged(f"{path.name} has more than {MAX_MEMBERS} members")
                if _is_wanted(name, names):
                    budget -= _take(source, name, folder, budget)
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, ValueError, RuntimeError) as error:
        said = str(error).partition("\n")[0]
        raise _damaged(f"{path.name} is not a readable archive: {said}") from error
    except NotImplementedError as error:
        raise _damaged(f"{path.name} is packed by an unknown method") from error


def _read_members(path: Path) -> Generator[tuple[str, IO[bytes]], None, None]:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                is_link = entry.external_attr >> 28 == 0o12
                name = _check_member(entry.filename, is_plain=not is_link)
                if not entry.is_dir():
                    with archive.open(entry) as source:
                        yield name, source
    else:
        with tarfile.open(path) as tar:
            for member in tar:
                name = _check_member(member.name, is_plain=member.isfile() or member.isdir())
                if (content := tar.extractfile(member)) is not None:
                    yield name, content


def _check_member(path: str, *, is_plain: bool) -> str:
    parts = PurePosixPath(path.replace("\\", "/"))
    leads_out = parts.is_absolute() or ".." in parts.parts or PureWindowsPath(path).drive
    if leads_out or "\0" in path:
        raise _damaged(f"the archive's member {path!r} leads out of its folder")
    if not is_plain:
        raise _damaged(f"the archive's member {path!r} is a link or a device")
    return parts.name


def _take(source: IO[bytes], name: str, folder: Path, budget: int) -> int:
    """Copies one file, as long as it keeps to the budget; returns its bytes."""
    target = folder / name
    if target.exists():
        raise _damaged(f"two files are named {name}; give the files of one network")
    taken = 0
    with target.open("wb") as file:
        while chunk := source.read(_CHUNK_BYTES):
            taken += len(chunk)
            if taken > budget:
                raise _damaged(f"{name} is larger than weights can be")
            file.write(chunk)
    return taken


def _is_wanted(name: str, names: Collection[str] = ()) -> bool:
    return name in names if names else name.endswith(_ENDINGS) or name in _NAMES


def _damaged(what: str) -> WeightsError:
    return WeightsError(LocalReason.WEIGHTS_DAMAGED, what)
