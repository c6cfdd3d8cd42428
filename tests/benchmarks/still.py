"""How much smoothing steadies who rests, and how late it is for who moves."""

from typing import Final

import numpy as np
import numpy.typing as npt
from posewire_server.inference.pipeline import Pipeline
from posewire_server.inference.tracking.frame_clock import FrameTime
from posewire_server.inference.tracking.tracker import Tracker
from posewire_server.inference.tracking.tracking_settings import SmoothingSettings, TrackingSettings
from posewire_server.pose import Poses
from posewire_server.skeletons import OPENPOSE18
from posewire_server.tools.benchmarks.load import Image

Floats = npt.NDArray[np.float64]

FPS: Final = 30.0
# Standard deviation of a sensor's noise, in grey levels.
_SENSOR_NOISE: Final = 4.0
# Frames until the filter has settled.
_SETTLED: Final = 15


def follow(poses: list[Poses], size: tuple[int, int], *, is_smooth: bool) -> list[Poses]:
    """Returns the poses of a clip with ids, smoothed or not."""
    settings = TrackingSettings(smoothing=SmoothingSettings() if is_smooth else None)
    tracker = Tracker(OPENPOSE18, settings)
    return [
        tracker.update(each, FrameTime(number / FPS), size) for number, each in enumerate(poses)
    ]


def find_still(pipeline: Pipeline, image: Image, frames: int, seed: int = 0) -> list[Poses]:
    """Returns the poses that a network finds in a still picture with a sensor's noise."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(frames):
        noisy = image + rng.normal(0.0, _SENSOR_NOISE, image.shape)
        found.append(pipeline.detect(noisy.clip(0, 255).astype(np.uint8)).poses)
    return found


def jitter(poses: list[Poses]) -> Floats:
    """Returns the standard deviation of each keypoint in pixels, (K,), of whom the first id is.

    NaN for those that are not found in every frame.
    """
    rows = [each.keypoints[np.flatnonzero(each.ids == 1)[0], :, :2] for each in poses[_SETTLED:]]
    return np.asarray(np.sqrt(np.stack(rows).var(0).sum(-1)), np.float64)


def delay_frames(true: Floats, answered: Floats) -> float:
    """Returns by how many frames answers are late: the delay that explains them best.

    Args:
        true: (N,) a coordinate over the frames.
        answered: (N,) likewise.
    """
    frames = np.arange(len(true))
    delays = np.arange(0, 6, 0.02)
    errors = [
        np.square(answered - np.interp(frames - delay, frames, true))[_SETTLED:].mean()
        for delay in delays
    ]
    return float(delays[int(np.argmin(errors))])
