"""The network bench measures what it says; how fast a machine is, is not a test."""

import importlib.util

import pytest
from posewire_server.config import default_cache
from posewire_server.errors import ConfigError
from posewire_server.models.weights.model_cache import StoredModel
from posewire_server.tools.benchmarks import network_time


def test_measure_without_openvino_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(ConfigError, match=r"posewire\[bench\]"):
        network_time.measure(default_cache())


@pytest.mark.weights
@pytest.mark.skipif(importlib.util.find_spec("openvino") is None, reason="needs openvino (bench)")
def test_measure_returns_times_and_their_ratio(weights: StoredModel) -> None:
    assert weights.networks
    figures = network_time.measure(default_cache(), turns=3, names=("body",))
    ours, theirs, ratio = figures[:3]
    assert [ours.unit, theirs.unit, ratio.unit] == ["ms", "ms", "x"]
    assert min(ours.value, theirs.value, ratio.value) > 0
    assert (ratio.target, ratio.runs) == ("<= 1.05", 3)
