"""The serving benches measure what they say; how fast a machine is, is not a test."""

import math

import pytest
from posewire_server.config import default_cache
from posewire_server.models.weights.model_cache import StoredModel
from posewire_server.serving.server_process import ServerProcess
from posewire_server.tools.benchmarks import live_stream
from posewire_server.tools.benchmarks import server_overhead as serving
from posewire_server.tools.benchmarks.load import run_async

from tests.benchmarks import plain_server


def test_measure_overhead_returns_a_figure_for_each_source() -> None:
    figures = serving.measure_overhead(frames=5)
    assert [(figure.runs, figure.unit) for figure in figures] == [(5, "ms")] * 2
    assert all(math.isfinite(figure.value) for figure in figures)


def test_measure_peer_compares_both_sources() -> None:
    figures = plain_server.measure_peer(frames=5)
    assert [figure.runs for figure in figures] == [5] * 4
    assert [figure.unit for figure in figures] == 2 * ["ms", "x"]
    assert all(math.isfinite(figure.value) for figure in figures)


@pytest.mark.weights
def test_measure_health_waits_for_every_call(server: ServerProcess) -> None:
    figure = run_async(serving.measure_health(server.address, calls=20))
    assert figure.runs == 20
    assert math.isfinite(figure.value)


@pytest.mark.weights
def test_live_accounts_for_every_frame(weights: StoredModel) -> None:
    assert weights.networks[0].folder.parent == default_cache()
    figures = {figure.name: figure for figure in live_stream.measure(default_cache(), seconds=3.0)}
    assert figures["live: outcomes over frames"].value == 1.0
    assert figures["live, paced: outcomes over frames"].value == 1.0
    assert 0 < figures["live, paced: share of the frames that is sent"].value <= 1
    assert figures["live: age of an answer in service times, oldest"].value > 0
