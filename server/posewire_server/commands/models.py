"""``posewire-server models``: lists, pulls, verifies and removes the models of the cache."""

import sys
from collections.abc import Callable, Sequence

from posewire_server.errors import PosewireError, WeightsError
from posewire_server.models.catalog import CATALOG, find_model
from posewire_server.models.manifest import EngineCheck, StoredModel
from posewire_server.models.spec import ModelSpec
from posewire_server.models.store import Store
from posewire_server.progress import ProgressBars
from posewire_server.report import format_table

HEADER = ("model", "state", "size", "licence", "default engine", "engines, ms a run")


def list_models(store: Store) -> int:
    """Prints a table of all models; returns the exit code."""
    print(format_table(HEADER, [_describe(store, spec) for spec in CATALOG]))
    print(f"\ncache: {store.root}")
    return 0


def pull(store: Store, names: Sequence[str], *, force: bool = False) -> int:
    """Fetches, imports and checks models that are not in the cache, with ``force`` all.

    Raises:
        ModelError: MODEL_UNKNOWN.
        WeightsError, EngineError: As ``Store.pull``.
    """
    for spec in _find(names):
        with ProgressBars() as progress:
            model = store.pull(spec, progress, force=force)
        _print_checks(model)
    return 0


def verify(store: Store, names: Sequence[str]) -> int:
    """Proves the files and the engines of models; returns 1 where any fails.

    Raises:
        ModelError: MODEL_UNKNOWN.
    """

    def verify_one(spec: ModelSpec) -> None:
        with ProgressBars() as progress:
            model = store.verify(spec, progress)
        _print_checks(model)

    return _do_all(_find(names), verify_one)


def remove(store: Store, names: Sequence[str]) -> int:
    """Removes models from the cache; returns 1 where any could not be removed.

    Raises:
        ModelError: MODEL_UNKNOWN.
    """

    def remove_one(spec: ModelSpec) -> None:
        size = store.remove(spec)
        print(
            f"{spec.name}: {_megabytes(size)} set free" if size else f"{spec.name}: was not there"
        )

    return _do_all(_find(names), remove_one)


def _find(names: Sequence[str]) -> list[ModelSpec]:
    return [find_model(name) for name in names] if names else list(CATALOG)


def _do_all(specs: Sequence[ModelSpec], work: Callable[[ModelSpec], None]) -> int:
    failed = False
    for spec in specs:
        try:
            work(spec)
        except PosewireError as error:
            print(f"{spec.name}: {error}", file=sys.stderr)
            failed = True
    return int(failed)


def _describe(store: Store, spec: ModelSpec) -> list[str]:
    licence = spec.source.licence
    try:
        model = store.find(spec)
    except WeightsError:
        return [spec.name, "damaged", _megabytes(store.size_bytes(spec)), licence, "", ""]
    if model is None:
        return [spec.name, "not pulled", "", licence, "", ""]
    checks = ", ".join(_summary(check) for check in model.manifest.checks)
    default = model.manifest.default_engine or "none"
    return [spec.name, "ready", _megabytes(store.size_bytes(spec)), licence, default, checks]


def _summary(check: EngineCheck) -> str:
    return f"{check.engine} {check.run_ms:.0f}" if check.passed else f"{check.engine} failed"


def _print_checks(model: StoredModel) -> None:
    manifest = model.manifest
    print(f"{model.spec.name}: {manifest.package}, {manifest.licence}, in {model.folder}")
    for check in manifest.checks:
        found = (
            f"error {check.max_error:.1e}, {check.run_ms:.0f} ms" if check.passed else check.reason
        )
        mark = " (default)" if check.engine == manifest.default_engine else ""
        print(f"  {check.engine:9} {'passed' if check.passed else 'FAILED'}: {found}{mark}")


def _megabytes(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:.1f} MB"
