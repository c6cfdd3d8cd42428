"""The bench of worker processes measures what it says; how fast a machine is, is not a test."""

from tests.benchmarks import workers


def test_measure_returns_a_figure_for_each_claim() -> None:
    figures = workers.measure(blocks=1, frames=3, turns=1, kills=1)
    assert [figure.unit for figure in figures] == ["ms", "ms", "x", "x", "", "", "s"]
    assert [figure.value for figure in figures if figure.target] == [0, 0]
    assert all(figure.value > 0 for figure in figures if figure.unit in {"x", "s"})
    assert [figure.runs for figure in figures] == [3, 3, 1, 1, 1, 1, 1]
