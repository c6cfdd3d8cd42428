"""Figure of a benchmark, its target, and figures as lines of text or JSON."""

import json
import operator
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

from posewire_server.errors import ConfigError, LocalReason, PosewireError

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
    groups: Mapping[str, Callable[[], list[Figure]]], chosen: Sequence[str], *, as_json: bool
) -> int:
    """Measures and prints the chosen groups, by default all; returns 1 if one was not measured.

    Raises:
        ConfigError: SETTING_INVALID if there is no such group.
    """
    if unknown := sorted(set(chosen) - set(groups)):
        text = f"bench has no group '{unknown[0]}'; it has {', '.join(groups)}"
        raise ConfigError(LocalReason.SETTING_INVALID, text)
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
    return int(failed)


def _row(figure: Figure) -> str:
    met = "" if not figure.target else "met" if figure.met else "NOT MET"
    value = f"{figure.value:10.4g} {figure.unit:4}"
    return f"{figure.name:64} {value} {figure.target:>10}  {met:7} {figure.runs:>6} runs"
