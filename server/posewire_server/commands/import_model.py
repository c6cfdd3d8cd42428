"""``posewire-server models import``: takes over the weights that a user has."""

import hashlib
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from posewire_server.engine.reference import check_reference
from posewire_server.errors import ModelError
from posewire_server.models.catalog import CATALOG
from posewire_server.models.gather import gather
from posewire_server.models.hub import install
from posewire_server.models.library import Library
from posewire_server.models.manifest import StoredNetwork
from posewire_server.models.spec import ModelSpec, NetworkSpec, UserSource
from posewire_server.progress import ProgressBars


@dataclass(frozen=True)
class ImportConfig:
    """What to import.

    Attributes:
        name: The model, or PaddleHub's name of the module that it is the original of.
        paths: Files, folders or archives that hold the weights.
        reference: Outputs of another runtime to compare with; None for none.
    """

    name: str
    paths: tuple[Path, ...]
    reference: Path | None = None


def find_original(name: str) -> ModelSpec | None:
    """Returns the model whose weights users bring, by its name or PaddleHub's; None for others."""
    for spec in CATALOG:
        source = spec.networks[0].source
        if isinstance(source, UserSource) and name in (spec.name, source.hub, *spec.aliases):
            return spec
    return None


def is_module(name: str) -> bool:
    """Returns whether a name is PaddleHub's for one of its modules."""
    spec = find_original(name)
    return spec is not None and name != spec.name


def import_model(library: Library, config: ImportConfig) -> tuple[StoredNetwork, ...]:
    """Imports and checks weights; returns what is now in the cache.

    Raises:
        ModelError: MODEL_UNKNOWN where no model of this name takes weights of a user.
        WeightsError, EngineError: As ``gather``, ``Store.add`` and ``check_reference``; the cache
            is as it was.
    """
    spec = find_original(config.name)
    if spec is None:
        known = ", ".join(each.name for each in CATALOG if find_original(each.name))
        text = f"no model named {config.name!r} takes weights of yours; there are: {known}"
        raise ModelError("MODEL_UNKNOWN", text, model=config.name, known=known)
    with tempfile.TemporaryDirectory(prefix="posewire-") as folder, ProgressBars() as progress:
        network = describe(spec.networks[0], gather(config.paths, Path(folder)))
        added = library.store.add(
            network,
            Path(folder),
            progress,
            lambda stored: config.reference and check_reference(stored, config.reference),
        )
        others = [library.store.pull(each, progress) for each in spec.networks[1:]]
    return (added, *others)


def pull_original(library: Library, module: str) -> tuple[StoredNetwork, ...]:
    """Fetches a module with PaddleHub and imports its weights; returns what is now in the cache.

    Raises:
        WeightsError, EngineError: As ``hub.install`` and ``import_model``.
    """
    with tempfile.TemporaryDirectory(prefix="posewire-") as folder:
        with ProgressBars() as progress:
            path = install(module, Path(folder), progress)
        return import_model(library, ImportConfig(module, (path,)))


def describe(network: NetworkSpec, files: Sequence[Path]) -> NetworkSpec:
    """Returns a network with the names and the digest of the files it is imported from."""
    digest = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    members = tuple(path.name for path in files)
    return replace(
        network, source=replace(network.source, sha256=digest.hexdigest(), members=members)
    )
