"""The bench of video measures what it says; how fast a machine is, is not a test."""

from tests.benchmarks import video


def test_measure_has_four_figures_for_each_codec() -> None:
    figures = video.measure(blocks=2, loops=2, frames=5)
    assert [figure.unit for figure in figures] == ["x", "ms", "ms", "x"] * 2
    assert [figure.target for figure in figures] == ["<= 1.10", "", "", ""] * 2
    assert {figure.runs for figure in figures} == {2}
    assert all(figure.value > 0 for figure in figures if figure.unit == "ms")
