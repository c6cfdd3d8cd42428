"""Scenes of walking people in which ids are easily lost, drawn at random."""

from collections.abc import Callable
from typing import Final

import numpy as np

from tests.benchmarks.walks import SIZE, Faults, Walk, Walker

Rng = np.random.Generator
Scene = Callable[[Rng, float, Faults], Walk]


def crossing(rng: Rng, fps: float, faults: Faults) -> Walk:
    """Returns two pairs who walk towards each other; one of a pair hides the other."""
    walkers = []
    for _ in range(2):
        x, y, height = rng.uniform(500, 800), rng.uniform(500, 700), rng.uniform(180, 380)
        meet_s, right, left = rng.uniform(2, 4), *rng.uniform(0.4, 1.0, 2) * height
        walkers += [
            _walker(rng, (x - right * meet_s, y), right, 1.02 * height),
            _walker(rng, (x + left * meet_s, y), -left, rng.uniform(0.9, 1.0) * height),
        ]
    return Walk(walkers, fps=fps, faults=faults)


def overtaking(rng: Rng, fps: float, faults: Faults) -> Walk:
    """Returns two pairs who walk the same way; the faster one passes behind the slower."""
    walkers = []
    for _ in range(2):
        x, y, height = rng.uniform(500, 800), rng.uniform(500, 700), rng.uniform(180, 380)
        meet_s, way = rng.uniform(2, 4), rng.choice([-1, 1])
        slow, fast = way * rng.uniform(0.2, 0.5) * height, way * rng.uniform(0.8, 1.1) * height
        walkers += [
            _walker(rng, (x - slow * meet_s, y), slow, 1.02 * height),
            _walker(rng, (x - fast * meet_s, y + 5), fast, 0.97 * height),
        ]
    return Walk(walkers, fps=fps, faults=faults)


def pillars(rng: Rng, fps: float, faults: Faults) -> Walk:
    """Returns four people who walk behind two pillars."""
    walkers = []
    for _ in range(4):
        height = rng.uniform(180, 330)
        speed = rng.choice([-1, 1]) * rng.uniform(0.4, 0.9) * height
        start = (rng.uniform(0, SIZE[0]), rng.uniform(400, 700))
        walkers.append(_walker(rng, start, speed, height))
    return Walk(walkers, pillars=((300, 400), (750, 840)), fps=fps, faults=faults)


def return_soon(rng: Rng, fps: float, faults: Faults) -> Walk:
    """Returns two people who leave the picture, one on each side, turn round and come back."""
    walkers = []
    for edge, way in ((0, -1), (SIZE[0], 1)):
        height, leave_s = rng.uniform(200, 350), rng.uniform(1.5, 3)
        speed = way * rng.uniform(0.5, 0.9) * height
        start = (edge - speed * leave_s, rng.uniform(400, 700))
        turn_s = leave_s + rng.uniform(0.15, 0.4)
        walkers.append(Walker(start, (speed, 0.0), height, rng.random(), (turn_s,)))
    return Walk(walkers, fps=fps, faults=faults)


def crowd(rng: Rng, fps: float, faults: Faults) -> Walk:
    """Returns eight people who walk about."""
    walkers = []
    for _ in range(8):
        height = rng.uniform(150, 350)
        speed = rng.choice([-1, 1]) * rng.uniform(0.0, 0.9) * height
        start = (rng.uniform(0, SIZE[0]), rng.uniform(350, 710))
        walkers.append(_walker(rng, start, speed, height))
    return Walk(walkers, fps=fps, faults=faults)


SCENES: Final[dict[str, Scene]] = {
    "people who cross": crossing,
    "people who overtake": overtaking,
    "people behind pillars": pillars,
    "people who leave and return": return_soon,
    "a crowd": crowd,
}


def _walker(rng: Rng, start: tuple[float, float], speed: float, height: float) -> Walker:
    return Walker(start, (speed, 0.0), height, rng.random())
