from dataclasses import replace
from pathlib import Path

import pytest
from posewire_server.errors import WeightsError
from posewire_server.models.catalog.network_catalog import TFPOSE
from posewire_server.models.weights.manifest import EngineCheck, Manifest


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    (tmp_path / "weights.pdmodel").write_bytes(b"program")
    return Manifest.describe(TFPOSE, "graphdef 1", tmp_path)


def passed(engine: str, run_ms: float) -> EngineCheck:
    return EngineCheck(engine, passed=True, run_ms=run_ms)


def test_write_then_read_returns_the_same(manifest: Manifest, tmp_path: Path) -> None:
    checked = replace(manifest, checks=(passed("plain", 3.5), EngineCheck("gpu", passed=False)))
    checked.write(tmp_path)
    assert Manifest.read(tmp_path) == checked


@pytest.mark.parametrize(
    ("checks", "engine"),
    [
        pytest.param((), None, id="none checked"),
        pytest.param((EngineCheck("plain", passed=False),), None, id="none passed"),
        pytest.param((passed("openvino", 100), passed("onednn", 150)), "openvino", id="fastest"),
        pytest.param((passed("openvino", 105), passed("onednn", 100)), "openvino", id="a tie"),
        pytest.param((passed("openvino", 200), passed("onednn", 100)), "onednn", id="far slower"),
        pytest.param(
            (EngineCheck("openvino", passed=False, run_ms=1), passed("plain", 900)),
            "plain",
            id="fast but wrong",
        ),
    ],
)
def test_default_engine_is_the_preferred_of_the_fast(
    manifest: Manifest, checks: tuple[EngineCheck, ...], engine: str | None
) -> None:
    assert replace(manifest, checks=checks).default_engine == engine


def test_check_of_an_unchecked_engine_is_none(manifest: Manifest) -> None:
    assert manifest.check("openvino") is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"checks": []}', '{"checks": [{"odd": 1}]}'])
def test_read_of_another_form_raises_damaged(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(WeightsError) as caught:
        Manifest.read(tmp_path)
    assert caught.value.reason == "WEIGHTS_DAMAGED"


def test_check_files_altered_names_the_file(manifest: Manifest, tmp_path: Path) -> None:
    manifest.check_files(tmp_path)
    (tmp_path / "weights.pdmodel").write_bytes(b"programs")
    with pytest.raises(WeightsError, match=r"weights\.pdmodel is not the file"):
        manifest.check_files(tmp_path)
