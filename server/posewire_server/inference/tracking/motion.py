"""Where keypoints are expected: a Kalman filter for each, of position and velocity.

Velocities change like a random walk in continuous time, so a longer step is the same as several
short ones; what a keypoint has of its own, beside the motion of the whole instance, fades. All
lengths are in sizes of the instance, so near and far instances are treated alike.
"""

from dataclasses import dataclass, fields
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

# Standard deviations: of a measurement, in units of the keypoint's spread; of the change of the
# velocity in a second; of the velocity of a new instance; and the greatest of an expectation.
_MEASUREMENT: Final = 0.15
_ACCELERATION: Final = 3.0
_FIRST_VELOCITY: Final = 0.5
_GREATEST: Final = 0.25
# What a keypoint moves on its own fades in this time.
_FADING_S: Final = 0.15
# Innovations beyond so many standard deviations are jumps, not motion.
_JUMP: Final = 6.0


@dataclass
class Motion:
    """T instances of K keypoints in motion, all at the same time.

    Attributes:
        points: (T, K, 2) expected x, y in pixels; NaN where never found.
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
    def start(cls, points: Floats, spreads: Floats) -> "Motion":
        """Returns instances that were seen once.

        Args:
            points: (T, K, 2) x, y in pixels; NaN where not found.
            spreads: (K,) in sizes.
        """
        shape = points.shape[:2]
        place = np.broadcast_to((_MEASUREMENT * spreads) ** 2, shape).copy()
        speed = np.full(shape, _FIRST_VELOCITY**2)
        return cls(points.copy(), np.zeros_like(points), place, np.zeros(shape), speed)

    def take(self, index: npt.NDArray[np.bool_]) -> "Motion":
        """Returns the instances of a mask."""
        return Motion(*(getattr(self, field.name)[index] for field in fields(self)))

    def join(self, other: "Motion") -> "Motion":
        """Returns the instances of both."""
        names = [field.name for field in fields(self)]
        return Motion(*(np.concatenate([getattr(self, n), getattr(other, n)]) for n in names))

    def step(self, passed_s: float) -> None:
        """Moves all instances on by some time."""
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

    def correct(self, found: Floats, sizes: Floats, spreads: Floats) -> None:
        """Moves instances to where they were found.

        Args:
            found: (T, K, 2) x, y in pixels; NaN where not found.
            sizes: (T,) in pixels.
            spreads: (K,) in sizes.
        """
        noise = (_MEASUREMENT * spreads) ** 2
        apart = found - self.points
        total = self.place + noise
        squares = (apart[:, :, 0] ** 2 + apart[:, :, 1] ** 2) / (sizes * sizes)[:, None]
        follows = squares <= _JUMP**2 * total  # Not what was never found before: that is NaN.
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
        """Returns the velocity of each whole instance, (T, 1, 2): the mean of the well known."""
        weights = np.where(np.isnan(self.points[:, :, 0]), 0.0, 1 / self.speed)[:, :, None]
        total = np.maximum(weights.sum(1, keepdims=True), 1e-9)
        return np.asarray((self.velocities * weights).sum(1, keepdims=True) / total)
