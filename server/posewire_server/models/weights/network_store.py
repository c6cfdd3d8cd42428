"""Cache of imported networks.

A network is a folder that appears whole, by one rename, or not at all. Who writes holds the
network's lock, which the system takes back from a process that dies.
"""

import errno
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import filelock

from posewire_server.errors import EngineError, ErrorReason, LocalReason, WeightsError
from posewire_server.models.catalog.spec import NetworkSpec
from posewire_server.models.weights.importers import import_network
from posewire_server.models.weights.manifest import (
    FILE_NAME,
    EngineCheck,
    Manifest,
    StoredNetwork,
    paddle_version,
)
from posewire_server.models.weights.package_manager import Progress, silent
from posewire_server.models.weights.pull_steps import (
    FetchFiles,
    ImportFiles,
    absent_error,
    fetch_files,
    import_files,
)

# Given an imported network, says which engines reproduce its golden outputs.
CheckEngines = Callable[[StoredNetwork, Progress], tuple[EngineCheck, ...]]


class NetworkStore:
    """Networks below one folder, each in a folder of its own; processes may share it.

    Args:
        root: The cache folder; made by the first ``pull``.
    """

    def __init__(
        self,
        root: Path,
        check: CheckEngines,
        fetch: FetchFiles = fetch_files,
        translate: ImportFiles = import_files,
    ) -> None:
        self.root = root
        self._check = check
        self._fetch = fetch
        self._translate = translate

    def folder(self, spec: NetworkSpec) -> Path:
        """Returns where a network is, or would be; another importer or Paddle has another one."""
        importer = f"{spec.importer}{import_network.VERSION}"
        key = f"{spec.source.key}-{importer}-paddle{paddle_version()}"
        return self.root / f"{spec.name}-{key}"

    def find(self, spec: NetworkSpec) -> StoredNetwork | None:
        """Returns a network of the cache; None if it has not been pulled.

        Raises:
            WeightsError: WEIGHTS_DAMAGED if its files are not the ones that were imported.
        """
        folder = self.folder(spec)
        if not folder.is_dir():
            return None
        try:
            manifest = Manifest.read(folder)
            manifest.check_files(folder)
        except WeightsError as error:
            text = f"{error} ({folder}); run `posewire-server models pull MODEL --force`"
            raise WeightsError(error.reason, text, network=spec.name) from error
        return StoredNetwork(spec, folder, manifest)

    def pull(
        self,
        spec: NetworkSpec,
        progress: Progress = silent,
        *,
        force: bool = False,
        downloads: Path | None = None,
    ) -> StoredNetwork:
        """Returns a network, after fetching, importing and checking it if the cache lacks it.

        With ``force`` it is fetched again and replaces what is there, damaged or not. The folder
        ``downloads`` keeps what is downloaded, for other networks of the same source.

        Raises:
            WeightsError: WEIGHTS_UNAVAILABLE, WEIGHTS_DIGEST_MISMATCH, WEIGHTS_DAMAGED,
                WEIGHTS_UNSUPPORTED, CACHE_UNWRITABLE; the cache is as it was.
            EngineError: ENGINE_FAILED if no engine passes the self-check.
        """
        found = None if force else self.find(spec)
        if found is not None:
            return found
        with self._locked(spec, progress) as workspace:
            # Another process may have pulled it meanwhile.
            found = None if force else self.find(spec)
            if found is not None:
                return found
            self._fetch(spec, downloads or workspace, workspace / "files", progress)
            return self._keep(spec, workspace / "files", workspace, progress)

    def add(
        self,
        spec: NetworkSpec,
        files: Path,
        progress: Progress = silent,
        prove: Callable[[StoredNetwork], object] = lambda stored: stored,
    ) -> StoredNetwork:
        """Returns a network after importing and checking files that the user has.

        The folder has these files and nothing else. ``prove`` is called with the network before it
        is kept, and raises if it is wrong.

        Raises:
            WeightsError: WEIGHTS_DAMAGED, WEIGHTS_UNSUPPORTED, CACHE_UNWRITABLE; the cache is as it
                was.
            EngineError: ENGINE_FAILED if no engine passes the self-check.
        """
        with self._locked(spec, progress) as workspace:
            return self._keep(spec, files, workspace, progress, prove)

    def verify(self, spec: NetworkSpec, progress: Progress = silent) -> StoredNetwork:
        """Proves the files of a network and checks every engine of this machine again.

        Raises:
            WeightsError: WEIGHTS_UNAVAILABLE if it has not been pulled; WEIGHTS_DAMAGED;
                CACHE_UNWRITABLE.
        """
        with self._locked(spec, progress) as workspace:
            stored = self.find(spec)
            if stored is None:
                raise absent_error(spec)
            manifest = replace(stored.manifest, checks=self._check(stored, progress))
            manifest.write(workspace).replace(stored.folder / FILE_NAME)
            return replace(stored, manifest=manifest)

    def remove(self, spec: NetworkSpec) -> int:
        """Removes a network, made by whatever importer or Paddle; returns the bytes set free."""
        with self._locked(spec, silent) as workspace:
            own = re.compile(rf"{re.escape(spec.name)}-[^-]+-[^-]+-paddle.*")  # not of body-cmu
            for path in list(self.root.iterdir()):
                if own.fullmatch(path.name) and path.is_dir():
                    path.rename(workspace / path.name)
            return _size(workspace)

    def size_bytes(self, spec: NetworkSpec) -> int:
        """Returns the bytes a network takes in the cache."""
        return _size(self.folder(spec))

    def _keep(
        self,
        spec: NetworkSpec,
        files: Path,
        workspace: Path,
        progress: Progress,
        prove: Callable[[StoredNetwork], object] = lambda stored: stored,
    ) -> StoredNetwork:
        """Imports and checks a network in a new folder, which then takes its place."""
        folder = workspace / "network"
        folder.mkdir()
        progress("import", 0, 1)
        self._translate(spec, files, folder)
        progress("import", 1, 1)
        manifest = Manifest.describe(spec, f"{spec.importer} {import_network.VERSION}", folder)
        manifest.write(folder)
        checks = self._check(StoredNetwork(spec, folder, manifest), progress)
        manifest = replace(manifest, checks=checks)
        if manifest.default_engine is None:
            reasons = "; ".join(f"{check.engine}: {check.reason}" for check in checks)
            text = f"no engine runs {spec.name} right ({reasons})"
            raise EngineError(ErrorReason.ENGINE_FAILED, text)
        manifest.write(folder)
        prove(StoredNetwork(spec, folder, manifest))
        target = self.folder(spec)
        if target.exists():
            target.rename(workspace / "replaced")
        folder.rename(target)
        return StoredNetwork(spec, target, manifest)

    @contextmanager
    def _locked(self, spec: NetworkSpec, progress: Progress) -> Iterator[Path]:
        """Holds the network's lock and lends a folder on the cache's disk that vanishes after."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with _acquire(self.root / f"{spec.name}.lock", progress):
                prefix = f".{spec.name}-"
                for leftover in self.root.glob(f"{prefix}*"):  # Of a process that died at work.
                    shutil.rmtree(leftover, ignore_errors=True)
                with tempfile.TemporaryDirectory(prefix=prefix, dir=self.root) as workspace:
                    yield Path(workspace)
        except OSError as error:
            raise _unwritable(self.root, error) from error


def _acquire(path: Path, progress: Progress) -> AbstractContextManager[object]:
    lock = filelock.FileLock(path)
    with suppress(filelock.Timeout):
        return lock.acquire(timeout=0)
    progress("wait", 0, 1)  # Another process is at work on it.
    acquired = lock.acquire()
    progress("wait", 1, 1)
    return acquired


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _unwritable(root: Path, error: OSError) -> WeightsError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        text = f"the disk of the cache folder {root} is full; free 50 MB there"
    else:
        text = f"the cache folder {root} cannot be written ({error}); let this user write there"
    text += ", or choose another with --cache or POSEWIRE_CACHE"
    return WeightsError(LocalReason.CACHE_UNWRITABLE, text)
