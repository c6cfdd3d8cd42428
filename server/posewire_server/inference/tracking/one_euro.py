"""One-Euro filter (Casiez, Roussel and Vogel, 2012) of the keypoints of many instances.

Its low pass uses the time that passed and speeds in sizes of the instance, therefore neither
dropped frames nor the distance from the camera change its behaviour.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from posewire_server.inference.tracking.tracking_settings import SmoothingSettings

Floats = npt.NDArray[np.float64]

# Cut-off of the speed's own low pass, as the paper has it.
_SPEED_CUTOFF_HZ: Final = 1.0


@dataclass
class OneEuroFilter:
    """State of the filter of T instances of K keypoints.

    Attributes:
        values: (T, K, C) smoothed coordinates, x and y first; NaN if never found.
        speeds: (T, K, C) in pixels a second.
        times_s: (T, K) when each was last found.
    """

    settings: SmoothingSettings
    values: Floats
    speeds: Floats
    times_s: Floats

    @classmethod
    def start(cls, settings: SmoothingSettings, values: Floats, now_s: float) -> "OneEuroFilter":
        """Returns the filter of instances that were seen once; (T, K, C) values, NaN: missing."""
        times_s = np.full(values.shape[:2], now_s)
        return cls(settings, values.copy(), np.zeros_like(values), times_s)

    def smooth(self, found: Floats, sizes: Floats, now_s: float) -> Floats:
        """Returns smoothed coordinates (T, K, C), NaN if not found, of instances of sizes (T,).

        The first value of a keypoint is unchanged. Frames are in order of time.
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
        is_found = ~np.isnan(found)
        np.copyto(self.values, found, where=is_found & ~follows)
        self.times_s[is_found[:, :, 0]] = now_s
        return np.where(is_found, self.values, np.nan)


def _share(cutoff_hz: Floats | float, passed_s: Floats) -> Floats:
    """Returns the weight of the new value in a low pass, for a step of some time."""
    turn = 2 * np.pi * cutoff_hz * passed_s
    return np.asarray(turn / (1 + turn))
