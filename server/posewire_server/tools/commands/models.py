"""``posewire-server models``: lists, pulls, verifies and removes the models of the cache."""

import sys
from collections.abc import Callable, Sequence

from posewire_server.errors import PosewireError, WeightsError
from posewire_server.models.catalog.catalog import CATALOG, DOWNLOADABLE, find_model
from posewire_server.models.catalog.spec import ModelSpec
from posewire_server.models.weights.manifest import EngineCheck, StoredNetwork
from posewire_server.models.weights.model_cache import ModelCache
from posewire_server.tools.commands.import_model import (
    ImportConfig,
    import_model,
    is_module,
    pull_original,
)
from posewire_server.tools.media.terminal import ProgressBars, format_table

HEADER = ("model", "state", "size", "licence", "default engine", "engines, ms a run")


def list_models(cache: ModelCache) -> int:
    """Prints a table of all models; returns the exit code."""
    rows = [_describe(cache, spec) for spec in CATALOG]
    print(format_table(HEADER, rows, left={*range(len(HEADER))} - {HEADER.index("size")}))
    print(f"\ncache: {cache.store.root}")
    return 0


def pull(cache: ModelCache, names: Sequence[str], *, force: bool = False) -> int:
    """Fetches, imports and checks models that are not in the cache, with ``force`` all.

    PaddleHub's name for a model means its original, which PaddleHub itself fetches.

    Raises:
        ModelError: MODEL_UNKNOWN.
        WeightsError, EngineError: As ``ModelCache.pull`` and ``pull_original``.
    """
    for name in names or [spec.name for spec in DOWNLOADABLE]:
        if is_module(name):
            networks = pull_original(cache, name)
        else:
            with ProgressBars() as progress:
                networks = cache.pull(find_model(name), progress, force=force).networks
        for network in networks:
            _print_checks(network)
    return 0


def import_weights(cache: ModelCache, config: ImportConfig) -> int:
    """Imports and checks weights that the user has; raises as ``import_model``."""
    for network in import_model(cache, config):
        _print_checks(network)
    return 0


def verify(cache: ModelCache, names: Sequence[str]) -> int:
    """Checks the files and the engines of models; returns 1 if any fails.

    Raises:
        ModelError: MODEL_UNKNOWN.
    """

    def verify_one(spec: ModelSpec) -> None:
        with ProgressBars() as progress:
            model = cache.verify(spec, progress)
        for network in model.networks:
            _print_checks(network)

    return _do_all(_find(names), verify_one)


def remove(cache: ModelCache, names: Sequence[str]) -> int:
    """Removes models, without networks that other models need; returns 1 if any removal failed.

    Raises:
        ModelError: MODEL_UNKNOWN.
    """
    specs = _find(names)
    kept = [spec for spec in CATALOG if spec not in specs and _is_there(cache, spec)]

    def remove_one(spec: ModelSpec) -> None:
        size = cache.remove(spec, kept)
        print(f"{spec.name}: {f'{_megabytes(size)} set free' if size else 'was not there'}")

    return _do_all(specs, remove_one)


def _is_there(cache: ModelCache, spec: ModelSpec) -> bool:
    try:
        return cache.find(spec) is not None
    except WeightsError:
        return True


def _find(names: Sequence[str]) -> list[ModelSpec]:
    """Returns the models of the names; without names, all with downloadable weights."""
    return [find_model(name) for name in names] if names else list(DOWNLOADABLE)


def _do_all(specs: Sequence[ModelSpec], work: Callable[[ModelSpec], None]) -> int:
    failed = False
    for spec in specs:
        try:
            work(spec)
        except PosewireError as error:
            print(f"{spec.name}: {error}", file=sys.stderr)
            failed = True
    return int(failed)


def _describe(cache: ModelCache, spec: ModelSpec) -> list[str]:
    licence = ", ".join(dict.fromkeys(network.source.licence for network in spec.networks))
    try:
        model = cache.find(spec)
    except WeightsError:
        return [spec.name, "damaged", _megabytes(cache.size_bytes(spec)), licence, "", ""]
    if model is None:
        return [spec.name, "not pulled", "", licence, "", ""]
    stored = [(network.spec.name, network.manifest) for network in model.networks]
    defaults = dict.fromkeys(manifest.default_engine or "none" for _, manifest in stored)
    checks = "; ".join(
        f"{name}: {', '.join(_summary(check) for check in manifest.checks)}"
        for name, manifest in stored
    )
    size = _megabytes(cache.size_bytes(spec))
    return [spec.name, "ready", size, licence, "+".join(defaults), checks]


def _summary(check: EngineCheck) -> str:
    return f"{check.engine} {check.run_ms:.0f}" if check.passed else f"{check.engine} failed"


def _print_checks(stored: StoredNetwork) -> None:
    manifest = stored.manifest
    print(f"{stored.spec.name}: {manifest.source}, {manifest.licence}, in {stored.folder}")
    for check in manifest.checks:
        found = f"FAILED: {check.reason}"
        if check.passed:
            found = f"passed: error {check.max_error:.1e}, {check.run_ms:.0f} ms"
        mark = " (default)" if check.engine == manifest.default_engine else ""
        print(f"  {check.engine:9} {found}{mark}")


def _megabytes(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:.1f} MB"
