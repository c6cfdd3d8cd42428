"""One measured number and what it is held to."""

import operator
from dataclasses import dataclass

_COMPARE = {"<=": operator.le, ">=": operator.ge}


@dataclass(frozen=True)
class Figure:
    """One measured number.

    Attributes:
        name: What was measured.
        value: The median over the runs, unless the name says otherwise.
        unit: Of the value; ``x`` for ratios.
        target: ``<= 0.05`` or ``>= 0.95``; empty where nothing is demanded.
        runs: How many measurements are behind the value.
    """

    name: str
    value: float
    unit: str
    target: str
    runs: int

    @property
    def met(self) -> bool:
        """Whether the value is within its target."""
        if not self.target:
            return True
        sign, bound = self.target.split()
        return bool(_COMPARE[sign](self.value, float(bound)))
