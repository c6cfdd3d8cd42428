"""How well ids are kept, how steady keypoints become, and what following costs."""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from posewire_server.inference.engine.engine_config import EngineConfig
from posewire_server.inference.engine.self_check import check_engines
from posewire_server.inference.pipeline import Pipeline
from posewire_server.inference.tracking.frame_clock import FrameTime
from posewire_server.inference.tracking.keypoint_similarity import sigmas_of
from posewire_server.inference.tracking.tracker import Tracker
from posewire_server.inference.tracking.tracking_settings import SmoothingSettings, TrackingSettings
from posewire_server.models.catalog.catalog import BODY
from posewire_server.models.weights.model_cache import ModelCache
from posewire_server.pose import Poses
from posewire_server.skeletons import OPENPOSE18
from posewire_server.tools.benchmarks.figure import Figure
from posewire_server.tools.benchmarks.load import Image

from tests.benchmarks.nearest import NearestBoxes
from tests.benchmarks.still import FPS, delay_frames, find_still, follow, jitter
from tests.benchmarks.street import STREET_VIDEO, street_switches
from tests.benchmarks.systems import two_people
from tests.benchmarks.tracking_score import Instances, TrackingScore, score_tracking
from tests.benchmarks.walk_scenes import SCENES
from tests.benchmarks.walks import SIZE, Faults, Walk, Walker, WalkFrame

Follow = Callable[[WalkFrame], Poses]

# Frames in a second, and the share of them that is dropped.
_RATES: Final = ((30.0, 0.0), (30.0, 0.3), (10.0, 0.0), (10.0, 0.3))
# Milliseconds beside the 60 to 130 that the body network takes.
_CROWDS: Final = ((5, 1.0), (20, 2.0), (50, 4.0))
_EVERYTHING: Final = TrackingSettings(fill_gap_s=0.2, smoothing=SmoothingSettings())


def measure(cache: Path, seed: int = 0, walks: int = 4) -> list[Figure]:
    """Returns the figures of ids, of smoothing and of the cost.

    Those of the street are left out where its video is not there.

    Raises:
        PosewireError: Weights or the sample cannot be had.
    """
    pipeline = Pipeline.load(ModelCache(cache, check_engines).pull(BODY), EngineConfig())
    figures = [*measure_ids(seed, walks), *measure_smoothing(pipeline, two_people(cache))]
    if STREET_VIDEO.is_file():
        switches, seen = street_switches(pipeline, STREET_VIDEO)
        title = "tracking: id switches on the street, of people who stay in view"
        figures.append(Figure(title, switches, "", "<= 0", seen))
    figures += [measure_cost(people, most_ms) for people, most_ms in _CROWDS]
    return [*figures, measure_cost(_CROWDS[0][0], 1.5, _EVERYTHING)]


def measure_ids(seed: int, walks: int) -> list[Figure]:
    """Scores the ids of walks, and those of a plain tracker beside them."""
    figures: list[Figure] = []
    ours: list[TrackingScore] = []
    plain: list[TrackingScore] = []
    for name, scene in SCENES.items():
        scores = [_score_both(walk, number) for number, walk in _walks(scene, seed, walks)]
        ours += [own for own, _ in scores]
        plain += [other for _, other in scores]
        own, other = (sum(each.switches for each in side) for side in zip(*scores, strict=True))
        title = f"tracking: id switches of {name}, over those of a plain tracker"
        figures.append(Figure(title, own / max(1, other), "x", "<= 0.2", len(scores)))
    figures += _overall("tracking", ours, ("<= 0.5", ">= 0.9", ">= 0.93"))
    return figures + _overall("tracking, a plain one", plain, ("", "", ""))


def _overall(
    title: str, scores: Sequence[TrackingScore], targets: tuple[str, str, str]
) -> list[Figure]:
    count, seconds = len(scores), Walk.seconds
    values = {
        f"id switches in a walk of {seconds:g} s": sum(s.switches for s in scores) / count,
        "MOTA of walks": statistics.fmean(score.mota for score in scores),
        "IDF1 of walks": statistics.fmean(score.idf1 for score in scores),
    }
    return [
        Figure(f"{title}: {name}", value, "", target, count)
        for (name, value), target in zip(values.items(), targets, strict=True)
    ]


def _walks(
    scene: Callable[[np.random.Generator, float, Faults], Walk], seed: int, walks: int
) -> Iterator[tuple[int, Walk]]:
    for fps, dropped in _RATES:
        for number in range(seed, seed + walks):
            yield number, scene(np.random.default_rng(number), fps, Faults(frames=dropped))


def _score_both(walk: Walk, seed: int) -> tuple[TrackingScore, TrackingScore]:
    tracker, plain = Tracker(OPENPOSE18, TrackingSettings()), NearestBoxes()
    frames = list(walk.frames(seed))
    return (
        _score(frames, lambda each: tracker.update(each.poses, FrameTime(each.time_s), SIZE)),
        _score(frames, lambda each: plain.follow(each.poses, each.time_s)),
    )


def _score(frames: list[WalkFrame], follow: Follow) -> TrackingScore:
    pairs = []
    for frame in frames:
        poses = follow(frame)
        assert poses.ids is not None, "who is followed has an id"
        answer = Instances(poses.ids.tolist(), poses.keypoints[:, :, :2].astype(np.float64))
        pairs.append((Instances(frame.ids, frame.points), answer))
    return score_tracking(pairs, sigmas_of(OPENPOSE18.keypoints))


def measure_smoothing(pipeline: Pipeline, image: Image, frames: int = 75) -> list[Figure]:
    """Measures what smoothing takes from the jitter of who rests, and its delay for who moves."""
    found = find_still(pipeline, image, frames)
    size = (image.shape[1], image.shape[0])
    steady, rough = (
        jitter(follow(found, size, is_smooth=is_smooth)) for is_smooth in (True, False)
    )
    reduced = float(np.nanmean(1 - steady / rough))
    title = "smoothing: jitter of a person who rests, reduced by, mean over keypoints"
    return [Figure(title, reduced, "", ">= 0.6", frames), measure_delay()]


def measure_delay() -> Figure:
    """Measures by how many frames at 30 fps the ankle of somebody who walks is late."""
    walker = Walker((200.0, 650.0), (0.6 * 300, 0.0), 300.0)
    walk = Walk((walker,), seconds=4.0, fps=FPS, faults=Faults(0.004, 0, 0, 0, 0))
    frames = list(walk.frames(0))
    answered = follow([frame.poses for frame in frames], SIZE, is_smooth=True)
    ankle = OPENPOSE18.keypoints.index("right_ankle")
    true = np.array([frame.points[0, ankle, 0] for frame in frames])
    late = delay_frames(true, np.array([p.keypoints[0, ankle, 0] for p in answered], np.float64))
    title = "smoothing: delay of the ankle of somebody who walks, in frames at 30 fps"
    return Figure(title, late, "", "<= 1", len(frames))


def measure_cost(people: int, most_ms: float, settings: TrackingSettings | None = None) -> Figure:
    """Measures the time that following takes of a frame."""
    rng = np.random.default_rng(people)
    height = 250 if people <= 20 else 120
    walkers = [
        Walker(
            (rng.uniform(0, SIZE[0]), rng.uniform(300, 700)),
            (rng.uniform(-60, 60), 0.0),
            rng.uniform(0.4, 1.0) * height,
        )
        for _ in range(people)
    ]
    tracker, spent_ms = Tracker(OPENPOSE18, settings or TrackingSettings()), []
    for frame in Walk(walkers, seconds=4.0).frames(0):
        begin = time.perf_counter()
        tracker.update(frame.poses, FrameTime(frame.time_s), SIZE)
        spent_ms.append(1e3 * (time.perf_counter() - begin))
    more = ", with smoothing and gaps filled" if settings else ""
    title = f"tracking: a frame of {people} people{more}"
    return Figure(title, statistics.median(spent_ms), "ms", f"<= {most_ms:g}", len(spent_ms))
