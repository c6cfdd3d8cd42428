"""How instances are to be followed over the frames of a stream, as plain data."""

from dataclasses import dataclass
from typing import Final

LONGEST_GAP_S: Final = 60.0
LONGEST_FILL_S: Final = 1.0


@dataclass(frozen=True)
class SmoothingSettings:
    """How keypoints are smoothed, see ``one_euro``.

    Attributes:
        min_cutoff_hz: Cut-off frequency at rest.
        speed_coefficient: How much it rises, in Hz for a speed of one body size a second.
    """

    min_cutoff_hz: float = 0.6
    speed_coefficient: float = 9.0


@dataclass(frozen=True)
class TrackingSettings:
    """How instances are followed.

    Attributes:
        max_gap_s: How long an instance may be out of sight and keep its id.
        fill_gap_s: How long what was not found is filled in; 0: not at all.
        smoothing: How keypoints are smoothed; None: not at all.
    """

    max_gap_s: float = 1.0
    fill_gap_s: float = 0.0
    smoothing: SmoothingSettings | None = None
