"""Settings of tracking and smoothing, as plain data."""

from dataclasses import dataclass
from typing import Final

LONGEST_GAP_S: Final = 60.0
LONGEST_FILL_S: Final = 1.0


@dataclass(frozen=True)
class SmoothingSettings:
    """Settings of the One-Euro filter.

    Attributes:
        min_cutoff_hz: Cut-off frequency at rest.
        speed_coefficient: Its rise, in Hz for a speed of one body size a second.
    """

    min_cutoff_hz: float = 0.6
    speed_coefficient: float = 9.0


@dataclass(frozen=True)
class TrackingSettings:
    """Settings of a tracker.

    Attributes:
        max_gap_s: Longest time out of sight after which an instance keeps its id.
        fill_gap_s: Longest gap that is filled in; 0: none.
        smoothing: None: keypoints are not smoothed.
    """

    max_gap_s: float = 1.0
    fill_gap_s: float = 0.0
    smoothing: SmoothingSettings | None = None
