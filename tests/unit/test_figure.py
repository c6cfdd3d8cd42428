"""Figures know whether they meet their target."""

import pytest
from posewire_server.tools.benchmarks.figure import Figure


@pytest.mark.parametrize(
    ("value", "target", "met"),
    [
        (0.05, "<= 0.05", True),
        (0.051, "<= 0.05", False),
        (0.95, ">= 0.95", True),
        (0.9, ">= 0.95", False),
        (7.0, "", True),
    ],
)
def test_figure_met_compares_with_the_target(value: float, target: str, met: bool) -> None:
    assert Figure("a figure", value, "x", target, 1).met is met
