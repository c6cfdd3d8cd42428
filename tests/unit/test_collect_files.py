"""Weights collected from files, folders and archives; hostile archives are refused."""

import io
import tarfile
import zipfile
from pathlib import Path

import pytest
from posewire_server.errors import WeightsError
from posewire_server.models.weights.collect_files import collect_files


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "target"
    folder.mkdir()
    return folder


def write_zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return path


def write_tar(path: Path, *members: tuple[str, bytes, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, kind, content in members:
            entry = tarfile.TarInfo(name)
            entry.type, entry.size = kind, len(content)
            entry.linkname = "/etc/passwd" if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE) else ""
            archive.addfile(entry, io.BytesIO(content))
    return path


def test_collect_files_module_folder_takes_the_weights_alone(tmp_path: Path, target: Path) -> None:
    module = tmp_path / "module" / "network"
    module.mkdir(parents=True)
    for name in ("model.pdmodel", "model.pdiparams", "model.pdiparams.info"):
        (module / name).write_bytes(name.encode())
    (module.parent / "module.py").write_text("raise SystemExit")
    found = collect_files([tmp_path / "module"], target)
    assert [path.name for path in found] == ["model.pdiparams", "model.pdmodel"]
    assert found[0].read_bytes() == b"model.pdiparams"


def test_collect_files_old_program_brings_each_parameter(tmp_path: Path, target: Path) -> None:
    module = tmp_path / "module"
    module.mkdir()
    for name in ("__model__", "conv_w", "conv_b"):
        (module / name).touch()
    assert {path.name for path in collect_files([module], target)} == {
        "__model__",
        "conv_w",
        "conv_b",
    }


def test_collect_files_named_files_are_taken_whatever_they_are_called(
    tmp_path: Path, target: Path
) -> None:
    (tmp_path / "pose.pth.tar").write_bytes(b"weights")  # No archive.
    assert [path.name for path in collect_files([tmp_path / "pose.pth.tar"], target)] == [
        "pose.pth.tar"
    ]


def test_collect_files_archives_take_members_out_of_their_folders(
    tmp_path: Path, target: Path
) -> None:
    one = write_zip(tmp_path / "a.zip", {"m/net.prototxt": b"text", "m/readme.md": b""})
    two = write_tar(tmp_path / "b.tar.gz", ("m/net.caffemodel", tarfile.REGTYPE, b"weights"))
    found = collect_files([one, two], target)
    assert {path.name: path.read_bytes() for path in found} == {
        "net.prototxt": b"text",
        "net.caffemodel": b"weights",
    }


@pytest.mark.parametrize(
    "name",
    ["../a.pth", "/tmp/a.pth", "m/../../a.pth", "C:\\a.pth", "..\\a.pth"],
)
@pytest.mark.parametrize("write", ["zip", "tar"])
def test_collect_files_member_that_leads_out_is_refused(
    tmp_path: Path, target: Path, name: str, write: str
) -> None:
    if write == "zip":
        path = write_zip(tmp_path / "a.zip", {name: b"weights"})
    else:
        path = write_tar(tmp_path / "a.tgz", (name, tarfile.REGTYPE, b"weights"))
    with pytest.raises(WeightsError, match="leads out") as caught:
        collect_files([path], target)
    assert caught.value.reason == "WEIGHTS_DAMAGED"
    assert list(target.iterdir()) == []


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_collect_files_links_and_devices_are_refused(
    tmp_path: Path, target: Path, kind: bytes
) -> None:
    path = write_tar(tmp_path / "a.tar.gz", ("a.pth", kind, b""))
    with pytest.raises(WeightsError, match="link or a device"):
        collect_files([path], target)
    assert list(target.iterdir()) == []


def test_collect_files_zipped_link_is_refused(tmp_path: Path, target: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        entry = zipfile.ZipInfo("a.pth")
        entry.external_attr = 0o120777 << 16
        archive.writestr(entry, "/etc/passwd")
    with pytest.raises(WeightsError, match="link"):
        collect_files([path], target)


@pytest.mark.parametrize("count", [1, 4])
def test_collect_files_zip_bomb_is_refused(tmp_path: Path, target: Path, count: int) -> None:
    members = {f"{index}.pth": bytes(8_000_000) for index in range(count)}
    path = write_zip(tmp_path / "a.zip", members)
    assert path.stat().st_size < 100_000
    with pytest.raises(WeightsError, match="larger than weights"):
        collect_files([path], target)


def test_collect_files_many_members_are_refused(
    tmp_path: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("posewire_server.models.weights.collect_files.MAX_MEMBERS", 10)
    path = write_zip(tmp_path / "a.zip", {f"{index}.txt": b"" for index in range(11)})
    with pytest.raises(WeightsError, match="10 members"):
        collect_files([path], target)


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz"])
@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 and no more", b"\x1f\x8b\x08 no"])
def test_collect_files_damaged_archive_raises_damaged(
    tmp_path: Path, target: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(WeightsError) as caught:
        collect_files([tmp_path / name], target)
    assert caught.value.reason == "WEIGHTS_DAMAGED"


def test_collect_files_two_files_of_one_name_are_refused(tmp_path: Path, target: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"a/x.pth": b"1", "b/x.pth": b"2"})
    with pytest.raises(WeightsError, match=r"two files are named x\.pth"):
        collect_files([path], target)


def test_collect_files_nothing_says_what_is_known(tmp_path: Path, target: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(WeightsError, match="pdparams"):
        collect_files([tmp_path / "empty"], target)
    with pytest.raises(WeightsError) as caught:
        collect_files([tmp_path / "absent"], target)
    assert caught.value.reason == "WEIGHTS_UNAVAILABLE"
