"""Outputs of another runtime, which an import can be compared with."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from posewire_server.errors import WeightsError
from posewire_server.inference.engine import self_check
from posewire_server.inference.engine.self_check import check_reference
from posewire_server.models.catalog.network_catalog import find_network
from posewire_server.models.weights.manifest import Manifest, StoredNetwork

Floats = npt.NDArray[np.float32]


class Doubling:
    """Answers twice the input's sum in a shape of its spec."""

    def __init__(self, _stored: StoredNetwork) -> None:
        pass

    def run(self, inputs: Floats) -> list[Floats]:
        total = 2 * inputs.sum((1, 2, 3), keepdims=True)
        return [np.broadcast_to(total, (len(inputs), 136, 1, 1)).copy()]


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StoredNetwork:
    monkeypatch.setattr(self_check, "PaddlePredictor", Doubling)
    spec = find_network("face-vanface")
    return StoredNetwork(spec, tmp_path, Manifest.describe(spec, "original", tmp_path))


def write(folder: Path, **arrays: npt.NDArray[np.generic]) -> Path:
    np.savez(folder / "r.npz", **arrays)
    return folder / "r.npz"


INPUT = np.full((2, 1, 60, 60), 1 / 3600, np.float32)


def test_reference_that_agrees_gives_its_error(stored: StoredNetwork, tmp_path: Path) -> None:
    path = write(tmp_path, input=INPUT, output_0=np.full((2, 136, 1, 1), 2.0005, np.float32))
    assert check_reference(stored, path) == pytest.approx(0.00025, rel=0.01)


def test_reference_that_differs_raises_unsupported(stored: StoredNetwork, tmp_path: Path) -> None:
    path = write(tmp_path, input=INPUT, output_0=np.full((2, 136, 1, 1), 3, np.float32))
    with pytest.raises(WeightsError, match=r"differs .* by up to 0\.333") as caught:
        check_reference(stored, path)
    assert caught.value.reason == "WEIGHTS_UNSUPPORTED"


@pytest.mark.parametrize("fault", ["absent", "text", "names", "pickle"])
def test_reference_unreadable_raises_damaged(
    stored: StoredNetwork, tmp_path: Path, fault: str
) -> None:
    path = tmp_path / "r.npz"
    if fault == "text":
        path.write_text("no archive")
    elif fault == "names":
        write(tmp_path, input=INPUT)
    elif fault == "pickle":
        write(tmp_path, input=np.array([{}], object), output_0=INPUT)
    with pytest.raises(WeightsError, match="not a readable reference") as caught:
        check_reference(stored, path)
    assert caught.value.reason == "WEIGHTS_DAMAGED"
