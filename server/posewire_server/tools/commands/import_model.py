"""``posewire-server models import``: imports weights that a user has."""

import hashlib
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from posewire_server.errors import LocalReason, WeightsError
from posewire_server.inference.engine.self_check import check_reference
from posewire_server.models.catalog.catalog import CATALOG, find_model
from posewire_server.models.catalog.spec import ModelSpec, NetworkSpec, UserSource
from posewire_server.models.weights.collect_files import collect_files
from posewire_server.models.weights.manifest import StoredNetwork
from posewire_server.models.weights.model_cache import ModelCache
from posewire_server.models.weights.package_manager import Progress
from posewire_server.models.weights.paddlehub import install
from posewire_server.tools.media.terminal import ProgressBars


@dataclass(frozen=True)
class ImportConfig:
    """Settings of ``models import``.

    Attributes:
        name: Name of the model, or PaddleHub's name of the module whose original it is.
        reference: Outputs of another runtime to compare with.
    """

    name: str
    paths: tuple[Path, ...]
    reference: Path | None = None


def find_original(name: str) -> ModelSpec | None:
    """Returns the model whose weights users bring, by its name or PaddleHub's; None for others."""
    for spec in CATALOG:
        source = spec.networks[0].source
        names = {spec.name, *spec.aliases}
        if isinstance(source, UserSource) and name in names | {source.paddlehub_module}:
            return spec
    return None


def is_module(name: str) -> bool:
    """Returns whether a name is PaddleHub's for one of its modules."""
    spec = find_original(name)
    return spec is not None and name != spec.name


def import_model(cache: ModelCache, config: ImportConfig) -> tuple[StoredNetwork, ...]:
    """Imports and checks weights; returns what is now in the cache.

    The files of a model that could be downloaded are known by their names, also inside the package
    they are published in; networks without a file among them are pulled.

    Raises:
        ModelError: MODEL_UNKNOWN.
        WeightsError, EngineError: As ``collect_files``, ``NetworkStore.add`` and
            ``check_reference``; the cache is as it was.
    """
    spec = find_original(config.name) or find_model(config.name)
    with tempfile.TemporaryDirectory(prefix="posewire-") as workspace, ProgressBars() as progress:
        given = Path(workspace) / "given"
        given.mkdir()
        names = _names(spec)
        groups = _group(spec, collect_files(config.paths, given, names))
        if not groups:
            text = f"none of the files given is one of {spec.name}: {', '.join(sorted(names))}"
            raise WeightsError(LocalReason.WEIGHTS_DAMAGED, text, model=spec.name)
        references = {spec.networks[0].name: config.reference}
        return tuple(
            _add(cache, network, groups[network.name], references.get(network.name), progress)
            if network.name in groups
            else cache.store.pull(network, progress)
            for network in spec.networks
        )


def _names(spec: ModelSpec) -> set[str]:
    members = (member for network in spec.networks for member in network.source.members)
    is_original = isinstance(spec.networks[0].source, UserSource)
    return set() if is_original else {Path(member).name for member in members}


def _group(spec: ModelSpec, files: Sequence[Path]) -> dict[str, list[Path]]:
    """Returns the files of each network that has all of its own."""
    if not _names(spec):
        return {spec.networks[0].name: list(files)}
    given = {path.name: path for path in files}
    wanted = {n.name: [Path(member).name for member in n.source.members] for n in spec.networks}
    return {
        name: [given[each] for each in names]
        for name, names in wanted.items()
        if set(names) <= set(given)
    }


def _add(
    cache: ModelCache,
    network: NetworkSpec,
    files: Sequence[Path],
    reference: Path | None,
    progress: Progress,
) -> StoredNetwork:
    with tempfile.TemporaryDirectory(prefix="posewire-") as folder:
        for path in files:
            shutil.copy(path, folder)
        return cache.store.add(
            describe(network, files),
            Path(folder),
            progress,
            lambda stored: reference and check_reference(stored, reference),
        )


def pull_original(cache: ModelCache, module: str) -> tuple[StoredNetwork, ...]:
    """Fetches a module with PaddleHub and imports its weights; returns what is now in the cache.

    Raises:
        WeightsError, EngineError: As ``paddlehub.install`` and ``import_model``.
    """
    with tempfile.TemporaryDirectory(prefix="posewire-") as folder:
        with ProgressBars() as progress:
            path = install(module, Path(folder), progress)
        return import_model(cache, ImportConfig(module, (path,)))


def describe(network: NetworkSpec, files: Sequence[Path]) -> NetworkSpec:
    """Returns a network with the names and the digest of the files it is imported from."""
    digest = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    source = UserSource(
        label=network.source.label,
        licence=network.source.licence,
        key=network.source.key,
        sha256=digest.hexdigest(),
        members=tuple(path.name for path in files),
    )
    return replace(network, source=source)
