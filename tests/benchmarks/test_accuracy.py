"""The models meet their targets on real pictures, as the benchmark ``accuracy`` measures them."""

from pathlib import Path

import pytest
from posewire_server.config import default_cache
from posewire_server.errors import LabelsError

from tests.benchmarks import accuracy
from tests.benchmarks.accuracy import TRIALS, Trial


@pytest.mark.weights
@pytest.mark.parametrize("trial", TRIALS, ids=lambda trial: trial.model)
def test_accuracy_of_the_default_decoder_meets_its_targets(trial: Trial, shared: Path) -> None:
    figures = accuracy.run_trial(trial, default_cache(), shared / "data" / "labels.json")
    held = [figure.target for figure in figures if figure.target]
    assert held == [target for target in trial.targets.values() if target]
    for figure in figures:
        assert figure.met, f"{figure.name}: {figure.value:.4f}, expected {figure.target}"


def test_accuracy_without_labels_names_the_option(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accuracy, "_DEFAULT_LABELS", tmp_path / "labels.json")
    with pytest.raises(LabelsError, match="--labels"):
        accuracy.measure(tmp_path / "cache", None)
