"""Constant-velocity motion model: a Kalman filter of position and velocity for each keypoint.

Velocities change like a random walk in continuous time, therefore a longer step equals several
short ones. All lengths are in sizes of the instance.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

# Standard deviations: of a measurement, in units of the keypoint's sigma; of the change of the
# velocity in a second; of the velocity of a new instance; and the greatest of an expectation.
_MEASUREMENT: Final = 0.15
_ACCELERATION: Final = 3.0
_FIRST_VELOCITY: Final = 0.5
_GREATEST: Final = 0.25
# The velocity of a keypoint relative to its instance fades in this time.
_FADING_S: Final = 0.15
# Innovations beyond this number of standard deviations are jumps, not motion.
_JUMP: Final = 6.0


@dataclass
class MotionModel:
    """State of the filters of T instances of K keypoints, all at the same time.

    Attributes:
        points: (T, K, 2) expected x, y in pixels; NaN if never found.
        velocities: (T, K, 2) in pixels a second.
        place: (T, K) variance of a position along each axis, in square sizes.
        both: (T, K) covariance of position and velocity.
        speed: (T, K) variance of a velocity.
    """

    points: Floats
    velocities: Floats
    place: Floats
    both: Floats
    speed: Floats

    @classmethod
    def start(cls, points: Floats, sigmas: Floats) -> "MotionModel":
        """Returns the state of instances seen once, at (T, K, 2); ``sigmas``: see ``update``."""
        shape = points.shape[:2]
        place = np.broadcast_to((_MEASUREMENT * sigmas) ** 2, shape).copy()
        speed = np.full(shape, _FIRST_VELOCITY**2)
        return cls(points.copy(), np.zeros_like(points), place, np.zeros(shape), speed)

    def predict(self, passed_s: float) -> None:
        """Moves all instances forward by some time."""
        stays = float(np.exp(-passed_s / _FADING_S))
        reach_s = _FADING_S * (1 - stays)
        whole = self._whole_velocity()
        own = self.velocities - whole
        self.points += whole * passed_s + own * reach_s
        self.velocities = whole + own * stays
        change = _ACCELERATION**2 * passed_s
        self.place += passed_s * (2 * self.both + passed_s * (self.speed + change / 3))
        np.minimum(self.place, _GREATEST**2, out=self.place)
        self.both += passed_s * (self.speed + change / 2)
        self.speed += change
        np.minimum(self.speed, _FIRST_VELOCITY**2, out=self.speed)
        limit = np.sqrt(self.place * self.speed)
        np.minimum(self.both, 0.99 * limit, out=self.both)

    def update(self, found: Floats, sizes: Floats, sigmas: Floats) -> None:
        """Corrects instances by points found (T, K, 2), NaN if not; jumps replace the state.

        The sizes (T,) are in pixels, the sigmas (K,) in sizes, from ``sigmas_of``.
        """
        noise = (_MEASUREMENT * sigmas) ** 2
        apart = found - self.points
        total = self.place + noise
        squares = (apart[:, :, 0] ** 2 + apart[:, :, 1] ** 2) / (sizes * sizes)[:, None]
        follows = squares <= _JUMP**2 * total  # False if it was never found before: that is NaN.
        apart[~follows] = 0.0
        gain, speed_gain = follows * self.place / total, follows * self.both / total
        self.points += gain[:, :, None] * apart
        self.velocities += speed_gain[:, :, None] * apart
        self.speed -= speed_gain * self.both
        self.both *= 1 - gain
        self.place *= 1 - gain
        jumped = (found[:, :, 0] == found[:, :, 0]) & ~follows
        if jumped.any():
            self.points[jumped] = found[jumped]
            self.place[jumped] = np.broadcast_to(noise, jumped.shape)[jumped]
            self.both[jumped], self.speed[jumped] = 0.0, _FIRST_VELOCITY**2

    def _whole_velocity(self) -> Floats:
        weights = np.where(np.isnan(self.points[:, :, 0]), 0.0, 1 / self.speed)[:, :, None]
        total = np.maximum(weights.sum(1, keepdims=True), 1e-9)
        return np.asarray((self.velocities * weights).sum(1, keepdims=True) / total)
