"""How many people the decoders get wholly right on synthetic scenes, and how exactly."""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, get_args

import numpy as np
from posewire_server.errors import ConfigError, LocalReason
from posewire_server.inference.decode.paf import PafDecode
from posewire_server.tools.benchmarks.figure import Figure
from posewire_server.tools.benchmarks.paf_decoding import PEERS, make_decoder
from posewire_server.tools.benchmarks.scenes import SIZES, Floats, Mode, Scene, make_scene

# How many scenes are drawn for each number of people.
RUNS: Final = {1: 10, 5: 8, 10: 6, 20: 4, 50: 3, 100: 2}
# The best share in per cent of eight other decoders on the reference scenes, in the order of RUNS.
BEST: Final[dict[tuple[str, str], tuple[int, ...]]] = {
    ("clean", "656"): (100, 100, 90, 98, 100, 94),
    ("clean", "1312"): (100, 100, 100, 100, 100, 99),
    ("noisy", "656"): (70, 50, 55, 50, 52, 38),
    ("noisy", "1312"): (70, 48, 57, 51, 45, 50),
    ("crowd", "656"): (100, 90, 75, 68, 57, 38),
    ("crowd", "1312"): (100, 98, 90, 92, 81, 69),
}
# With few people a share depends on the scenes more than on the decoder: other scenes than those
# are decoded as two of the eight do, too, up to this number of people.
PEERS_PEOPLE_MAX: Final = 20
# Pixels within which a keypoint counts as found.
TOLERANCE: Final = 8.0
MakeScene = Callable[[int, str, Mode, int], Scene]


@dataclass(frozen=True)
class Score:
    """How well poses match a scene: people in all, people wholly right, and errors in pixels."""

    people: int
    strict: int
    errors: Floats


def measure(scenes_path: Path | None = None, seed: int = 0) -> list[Figure]:
    """Returns the share of people wholly right for each kind of scene, and the localisation error.

    Args:
        scenes_path: A module with ``scene(people, resolution, mode, seed)``, a mapping with heat,
            paf, P (centre origin), vis, W and H; None for the project's own scenes.
        seed: The first seed.

    Raises:
        ConfigError: SETTING_INVALID where there is no such module.
    """
    make = make_scene if scenes_path is None else _load(scenes_path)
    are_reference = scenes_path is not None and seed == 0
    fast = make_decoder("fast")
    peers = [make_decoder(name) for name in PEERS]
    figures = []
    for mode in get_args(Mode):
        for resolution in SIZES:
            for people, best in zip(RUNS, BEST[mode, resolution], strict=True):
                drawn = [make(people, resolution, mode, seed + run) for run in range(RUNS[people])]
                scores = [score(fast, scene) for scene in drawn]
                bound = best - 0.5
                if not are_reference and people <= PEERS_PEOPLE_MAX:
                    bound = max(_share([score(peer, scene) for scene in drawn]) for peer in peers)
                name = f"people right, {mode} {resolution}, {people}"
                target = f">= {bound:.1f}"
                figures.append(Figure(name, _share(scores), "%", target, len(drawn)))
                if (mode, resolution, people) == ("noisy", "656", 20):
                    figures += localisation(scores)
    return figures


def score(decoder: PafDecode, scene: Scene) -> Score:
    """Decodes a scene and compares."""
    maps = np.concatenate([scene.heatmaps, scene.pafs])
    keypoints, _ = decoder.find(maps, scene.size, scene.size)
    return match_people(keypoints[:, :, :2], scene)


def match_people(keypoints: Floats, scene: Scene) -> Score:
    """Matches poses to people, those with most keypoints in common first, each once.

    Args:
        keypoints: (P, K, 2) in pixels of the input; NaN where not found.
        scene: The truth.

    Returns:
        A person is right when every visible keypoint is within ``TOLERANCE`` and no other is given.
    """
    people = len(scene.points)
    if people == 0 or len(keypoints) == 0:
        return Score(people, 0, np.zeros((0, 2)))
    errors = keypoints[None] - scene.points[:, None]
    near = (np.linalg.norm(errors, axis=-1) < TOLERANCE) & scene.visible[:, None]
    common = near.sum(-1)
    strict, kept = 0, []
    while common.max() > 0:
        person, pose = np.unravel_index(common.argmax(), common.shape)
        right = near[person, pose]
        given = ~np.isnan(keypoints[pose, :, 0])
        strict += bool((right == scene.visible[person]).all() and (given == right).all())
        kept.append(errors[person, pose][right])
        common[person], common[:, pose] = 0, 0
    return Score(people, strict, np.concatenate([np.zeros((0, 2)), *kept]))


def _share(scores: list[Score]) -> float:
    share = 100 * sum(score.strict for score in scores) / sum(score.people for score in scores)
    return round(share, 1)


def localisation(scores: list[Score]) -> list[Figure]:
    """Returns the error in pixels over the found keypoints: root mean square, and bias."""
    errors = np.concatenate([s.errors for s in scores])
    rms = float(np.sqrt((errors**2).sum(1).mean()))
    bias = float(np.abs(errors.mean(0)).max())
    return [
        Figure("localisation, noisy 656, 20", rms, "px", "<= 0.34", len(scores)),
        Figure("bias of an axis, noisy 656, 20", bias, "px", "<= 0.05", len(scores)),
    ]


def _load(path: Path) -> MakeScene:
    spec = importlib.util.spec_from_file_location("scenes", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise ConfigError(LocalReason.SETTING_INVALID, f"scenes: there is no Python module {path}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def make(people: int, resolution: str, mode: Mode, seed: int) -> Scene:
        drawn = module.scene(people, resolution, mode, seed)
        size = (drawn["W"], drawn["H"])
        return Scene(drawn["heat"], drawn["paf"], drawn["P"] + 0.5, drawn["vis"], size)

    return make
