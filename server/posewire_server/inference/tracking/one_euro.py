"""The One-Euro filter (Casiez, Roussel and Vogel, 2012) of the keypoints of many instances.

A low pass whose cut-off rises with speed: what rests is steady, what moves is not late. Steps are
as long as the time that passed, and speeds are in sizes of the instance, so neither dropped frames
nor the distance from the camera change what it does.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from posewire_server.inference.tracking.settings import SmoothingSettings

Floats = npt.NDArray[np.float64]

# Cut-off of the speed's own low pass, as the paper has it.
_SPEED_CUTOFF_HZ: Final = 1.0


@dataclass
class OneEuro:
    """The smoothed keypoints of T instances.

    Attributes:
        settings: How much to smooth.
        values: (T, K, C) smoothed coordinates, x and y first; NaN where never found.
        speeds: (T, K, C) their speeds, in pixels a second.
        times_s: (T, K) when each was last found.
    """

    settings: SmoothingSettings
    values: Floats
    speeds: Floats
    times_s: Floats

    @classmethod
    def start(cls, settings: SmoothingSettings, values: Floats, now_s: float) -> "OneEuro":
        """Returns the filter of instances that were seen once; (T, K, C) values, NaN: missing."""
        times_s = np.full(values.shape[:2], now_s)
        return cls(settings, values.copy(), np.zeros_like(values), times_s)

    def take(self, index: npt.NDArray[np.bool_]) -> "OneEuro":
        """Returns the instances of a mask."""
        parts = self.values[index], self.speeds[index], self.times_s[index]
        return OneEuro(self.settings, *parts)

    def join(self, other: "OneEuro") -> "OneEuro":
        """Returns the instances of both."""
        return OneEuro(
            self.settings,
            np.concatenate([self.values, other.values]),
            np.concatenate([self.speeds, other.speeds]),
            np.concatenate([self.times_s, other.times_s]),
        )

    def smooth(self, found: Floats, sizes: Floats, now_s: float) -> Floats:
        """Returns smoothed keypoints, (T, K, C); what is found for the first time stays as it is.

        Args:
            found: (T, K, C) coordinates; NaN where not found.
            sizes: (T,) in pixels.
            now_s: Later than before.
        """
        passed_s = (now_s - self.times_s)[:, :, None]
        apart = found - self.values
        follows = ~np.isnan(apart)
        apart[~follows] = 0.0
        share = follows * _share(_SPEED_CUTOFF_HZ, passed_s)
        self.speeds += share * (apart / passed_s - self.speeds)
        motion = np.hypot(self.speeds[:, :, 0], self.speeds[:, :, 1]) / sizes[:, None]
        cutoff_hz = self.settings.min_cutoff_hz + self.settings.speed_coefficient * motion
        self.values += _share(cutoff_hz[:, :, None], passed_s) * apart
        there = ~np.isnan(found)
        np.copyto(self.values, found, where=there & ~follows)
        self.times_s[there[:, :, 0]] = now_s
        return np.where(there, self.values, np.nan)


def _share(cutoff_hz: Floats | float, passed_s: Floats) -> Floats:
    """Returns the share of the new value in a low pass, for a step of some time."""
    turn = 2 * np.pi * cutoff_hz * passed_s
    return np.asarray(turn / (1 + turn))
