"""Tracking's figures, where they are counts: how fast a machine is, is not a test."""

from pathlib import Path

import pytest
from posewire_server.config import default_cache
from posewire_server.inference.engine.engine_config import EngineConfig
from posewire_server.inference.pipeline import Pipeline
from posewire_server.models.weights.model_cache import StoredModel

from tests.benchmarks import tracking
from tests.benchmarks.street import street_switches
from tests.benchmarks.systems import two_people


def test_measure_ids_are_kept_far_better_than_by_a_plain_tracker() -> None:
    figures = tracking.measure_ids(seed=0, walks=1)
    assert sum(bool(figure.target) for figure in figures) == len(figures) - 3
    for figure in figures:
        assert figure.met, f"{figure.name}: {figure.value:.4f}, expected {figure.target}"


def test_measure_delay_is_less_than_a_frame() -> None:
    assert tracking.measure_delay().met


def test_measure_cost_takes_every_frame() -> None:
    figure = tracking.measure_cost(2, 0.5)
    assert (figure.unit, figure.runs) == ("ms", 120)
    assert figure.value > 0


@pytest.mark.weights
def test_measure_smoothing_steadies_who_rests(weights: StoredModel) -> None:
    pipeline = Pipeline.load(weights, EngineConfig())
    image = two_people(default_cache())
    steadied, _ = tracking.measure_smoothing(pipeline, image, frames=36)
    assert steadied.met, f"{steadied.value:.3f}, expected {steadied.target}"


@pytest.mark.weights
def test_street_who_stays_in_view_keeps_the_id(weights: StoredModel, shared: Path) -> None:
    pipeline = Pipeline.load(weights, EngineConfig())
    video = shared / "data" / "videos" / "openpose_video.avi"
    switches, seen = street_switches(pipeline, video, frames=81, step=2)
    assert (switches, seen) == (0, 21)
