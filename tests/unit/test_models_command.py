from dataclasses import replace
from pathlib import Path

import pytest
from posewire_server.errors import ModelError, WeightsError
from posewire_server.models.catalog.network_catalog import find_network
from posewire_server.models.catalog.spec import NetworkSpec
from posewire_server.models.weights.manifest import EngineCheck
from posewire_server.models.weights.model_cache import ModelCache
from posewire_server.models.weights.network_store import NetworkStore
from posewire_server.tools.commands import models
from posewire_server.tools.commands.import_model import ImportConfig

CHECKS = (
    EngineCheck("openvino", passed=False, reason="it crashed with signal 11"),
    EngineCheck("onednn", passed=True, max_error=4e-6, run_ms=107.4),
)


@pytest.fixture
def cache(tmp_path: Path) -> ModelCache:
    """An empty cache whose pulls only write files."""

    def import_quickly(_spec: NetworkSpec, files: Path, folder: Path) -> None:
        (folder / "weights.pdmodel").write_bytes(bytes(2_000_000))
        for path in files.glob("x.*"):
            (folder / "weights.pdiparams").write_bytes(path.read_bytes())

    def check(*_: object) -> tuple[EngineCheck, ...]:
        return CHECKS

    models = ModelCache(tmp_path / "cache", check)
    models.store = NetworkStore(models.store.root, check, lambda *_: None, import_quickly)
    return models


def row(output: str) -> list[str]:
    return next(line for line in output.splitlines() if line.startswith("body")).split()


def test_list_before_pull_says_not_pulled(
    cache: ModelCache, capsys: pytest.CaptureFixture[str]
) -> None:
    assert models.list_models(cache) == 0
    output = capsys.readouterr().out
    assert row(output) == ["body", "not", "pulled", "Apache-2.0"]
    assert str(cache.store.root) in output


def test_list_after_pull_shows_size_engines_and_licence(
    cache: ModelCache, capsys: pytest.CaptureFixture[str]
) -> None:
    assert models.pull(cache, ["body"]) == 0
    pulled = capsys.readouterr().out
    assert "openvino  FAILED: it crashed with signal 11" in pulled
    assert "onednn    passed: error 4.0e-06, 107 ms (default)" in pulled
    models.list_models(cache)
    cells = row(capsys.readouterr().out)
    assert cells[:6] == ["body", "ready", "2.0", "MB", "Apache-2.0", "onednn"]
    assert " ".join(cells[6:]) == "body: openvino failed, onednn 107"


def test_list_damaged_says_so(cache: ModelCache, capsys: pytest.CaptureFixture[str]) -> None:
    models.pull(cache, ["body"])
    (folder,) = (path for path in cache.store.root.iterdir() if path.is_dir())
    (folder / "weights.pdmodel").write_bytes(b"")
    capsys.readouterr()
    models.list_models(cache)
    assert "damaged" in row(capsys.readouterr().out)


def test_verify_absent_returns_1_and_names_pull(
    cache: ModelCache, capsys: pytest.CaptureFixture[str]
) -> None:
    assert models.verify(cache, []) == 1
    assert "models pull body" in capsys.readouterr().err


def test_verify_prints_the_checks_made_anew(
    cache: ModelCache, capsys: pytest.CaptureFixture[str]
) -> None:
    models.pull(cache, ["body"])
    anew = (replace(CHECKS[1], run_ms=50.0),)
    assert models.verify(ModelCache(cache.store.root, lambda *_: anew), ["body"]) == 0
    assert "50 ms (default)" in capsys.readouterr().out


def test_remove_says_what_it_set_free(
    cache: ModelCache, capsys: pytest.CaptureFixture[str]
) -> None:
    models.pull(cache, ["body"])
    capsys.readouterr()
    assert models.remove(cache, ["body"]) == 0
    assert models.remove(cache, ["body"]) == 0
    assert capsys.readouterr().out == "body: 2.0 MB set free\nbody: was not there\n"


@pytest.mark.parametrize("names", [["openpose_body_estimation"], []])
def test_remove_by_another_name_or_all_sets_free(
    names: list[str], cache: ModelCache, capsys: pytest.CaptureFixture[str]
) -> None:
    models.pull(cache, ["body"])
    capsys.readouterr()
    assert models.remove(cache, names) == 0
    assert "body: 2.0 MB set free" in capsys.readouterr().out


def test_remove_keeps_what_a_damaged_model_shares(
    cache: ModelCache, capsys: pytest.CaptureFixture[str]
) -> None:
    models.pull(cache, ["people"])
    (body,) = cache.store.root.glob("body-*")
    (body / "weights.pdmodel").write_bytes(b"")
    capsys.readouterr()
    assert models.remove(cache, ["person"]) == 0
    assert capsys.readouterr().out == "person: was not there\n"


def test_pull_unknown_name_raises(cache: ModelCache) -> None:
    with pytest.raises(ModelError, match="there are: body"):
        models.pull(cache, ["nobody"])


def test_pull_hub_name_asks_paddlehub_for_the_original(
    cache: ModelCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(module: str, *_: object) -> Path:
        raise WeightsError("WEIGHTS_UNAVAILABLE", f"no {module}")

    monkeypatch.setattr("posewire_server.tools.commands.import_model.install", refuse)
    with pytest.raises(WeightsError, match="no hand_pose_localization"):
        models.pull(cache, ["hand_pose_localization"])


def test_import_unknown_name_lists_the_models(cache: ModelCache, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="body-cmu, body-25, hand-cmu"):
        models.import_weights(cache, ImportConfig("nobody", (tmp_path,)))


def test_import_from_a_folder_without_the_models_files_names_them(
    cache: ModelCache, tmp_path: Path
) -> None:
    with pytest.raises(WeightsError, match=r"graph_opt\.pb"):
        models.import_weights(cache, ImportConfig("body", (tmp_path,)))


def test_import_keeps_what_the_files_were(
    cache: ModelCache, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.pdparams").write_bytes(b"weights")
    config = ImportConfig("openpose_body_estimation", (tmp_path / "x.pdparams",))
    assert models.import_weights(cache, config) == 0
    assert "onednn    passed" in capsys.readouterr().out
    found = cache.store.find(find_network("body-cmu"))
    assert found is not None
    assert found.manifest.members == ("x.pdparams",)
    assert len(found.manifest.source_sha256) == 64


def test_import_other_weights_have_another_version(cache: ModelCache, tmp_path: Path) -> None:
    versions = set()
    for content in (b"one", b"two"):
        (tmp_path / "x.pth").write_bytes(content)
        models.import_weights(cache, ImportConfig("person-resnet50", (tmp_path / "x.pth",)))
        found = cache.store.find(find_network("person-resnet50"))
        assert found is not None
        versions.add(found.version)
    assert len(versions) == 2
