"""Figure of a benchmark, its target, and figures as lines of text, JSON and a plot."""

import json
import operator
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from posewire_server.errors import ConfigError, LocalReason, PosewireError
from posewire_server.tools.extras import load_pyplot

_COMPARE = {"<=": operator.le, ">=": operator.ge}


@dataclass(frozen=True)
class Figure:
    """One measured number.

    Attributes:
        value: The median over the runs, unless the name says otherwise.
        unit: ``x`` for ratios.
        target: For instance ``<= 0.05`` or ``>= 0.95``; empty: none.
    """

    name: str
    value: float
    unit: str
    target: str
    runs: int

    @property
    def met(self) -> bool:
        """Whether the value is within its target."""
        sign, _, bound = self.target.partition(" ")
        return not sign or bool(_COMPARE[sign](self.value, float(bound)))


def run_groups(
    groups: Mapping[str, Callable[[], list[Figure]]],
    chosen: Sequence[str] = (),
    *,
    as_json: bool = False,
    plot: Path | None = None,
) -> int:
    """Measures and prints group by group; returns 0 if every group could be measured.

    Args:
        groups: Measuring functions by group.
        chosen: Groups to measure; empty: all.
        as_json: One JSON object a figure instead of the table.
        plot: PNG file for a plot of the figures.

    Raises:
        ConfigError: SETTING_INVALID if there is no such group; EXTRA_MISSING.
    """
    if unknown := sorted(set(chosen) - set(groups)):
        text = f"bench has no group '{unknown[0]}'; it has {', '.join(groups)}"
        raise ConfigError(LocalReason.SETTING_INVALID, text)
    figures: list[Figure] = []
    failed = False
    for group in chosen or groups:
        try:
            measured = groups[group]()
        except PosewireError as error:
            print(f"bench: {group} was not measured: {error}", file=sys.stderr)
            failed = True
            continue
        for figure in measured:
            print(json.dumps(asdict(figure) | {"met": figure.met}) if as_json else _row(figure))
        sys.stdout.flush()
        figures += measured
    if plot is not None:
        _plot(figures, plot)
    return int(failed)


def _row(figure: Figure) -> str:
    met = "" if not figure.target else "met" if figure.met else "NOT MET"
    value = f"{figure.value:10.4g} {figure.unit:4}"
    return f"{figure.name:64} {value} {figure.target:>10}  {met:7} {figure.runs:>6} runs"


def _plot(figures: Sequence[Figure], path: Path) -> None:
    """Draws each figure with a target as a bar in units of its target."""
    pyplot = load_pyplot()
    bounded = [figure for figure in figures if figure.target]
    share = [figure.value / float(figure.target.split()[1]) for figure in bounded]
    colours = ["tab:green" if figure.met else "tab:red" for figure in bounded]
    drawing, axes = pyplot.subplots(figsize=(10, 1 + 0.3 * len(bounded)), layout="constrained")
    axes.barh([f"{figure.name} ({figure.target})" for figure in bounded], share, color=colours)
    axes.axvline(1.0, color="black", linewidth=1)
    axes.set_xlabel("value / target")
    axes.invert_yaxis()
    drawing.savefig(path, dpi=120)
    pyplot.close(drawing)
