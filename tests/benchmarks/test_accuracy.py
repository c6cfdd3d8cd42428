"""How exact the body model is on real pictures, measured as ``posewire-server bench accuracy``."""

from pathlib import Path

import pytest
from posewire_server.bench import accuracy
from posewire_server.config import default_cache
from posewire_server.errors import LabelsError
from posewire_server.models.library import StoredModel


@pytest.mark.weights
def test_accuracy_of_the_default_decoder_meets_its_target(
    weights: StoredModel, shared: Path
) -> None:
    figures = accuracy.measure(default_cache(), shared / "data" / "labels.json")
    assert len(figures) == len(weights.spec.decoders)
    assert [figure.target for figure in figures if figure.target] == [">= 0.315"]
    for figure in figures:
        assert figure.met, f"{figure.name}: {figure.value:.4f}, expected {figure.target}"


def test_accuracy_without_labels_names_the_option(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LabelsError, match="--labels"):
        accuracy.measure(tmp_path / "cache", None)
