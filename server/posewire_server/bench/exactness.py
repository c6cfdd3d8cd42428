"""How many people the decoders get wholly right on synthetic scenes, and how exactly."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Final, get_args

import numpy as np

from posewire_server.bench import scenes
from posewire_server.bench.figure import Figure
from posewire_server.bench.scenes import Mode, Scene, Score
from posewire_server.errors import ConfigError
from posewire_server.inference.decode.paf import Algorithm, PafDecode
from posewire_server.skeletons import OPENPOSE18, OPENPOSE18_PAF_CHANNELS

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
PEERS: Final[tuple[Algorithm, ...]] = ("openpose", "paddlehub")
PEERS_PEOPLE_MAX: Final = 20
MakeScene = Callable[[int, str, Mode, int], Scene]


def measure(scenes_path: Path | None = None, seed: int = 0) -> list[Figure]:
    """Returns the share of people wholly right for each kind of scene, and the localisation error.

    Args:
        scenes_path: A module with ``scene(people, resolution, mode, seed)``, a mapping with heat,
            paf, P (centre origin), vis, W and H; None for the project's own scenes.
        seed: The first seed.

    Raises:
        ConfigError: SETTING_INVALID where there is no such module.
    """
    make = scenes.make_scene if scenes_path is None else _load(scenes_path)
    are_reference = scenes_path is not None and seed == 0
    fast = make_decoder("fast")
    peers = [make_decoder(name) for name in PEERS]
    figures = []
    for mode in get_args(Mode):
        for resolution in scenes.SIZES:
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


def make_decoder(algorithm: Algorithm) -> PafDecode:
    """Returns a decoder of the scenes' skeleton."""
    return PafDecode(OPENPOSE18, OPENPOSE18_PAF_CHANNELS, algorithm)


def score(decoder: PafDecode, scene: Scene) -> Score:
    """Decodes a scene and compares."""
    maps = np.concatenate([scene.heatmaps, scene.pafs])
    keypoints, _ = decoder.find(maps, scene.size, scene.size)
    return scenes.score(keypoints[:, :, :2], scene)


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
        raise ConfigError("SETTING_INVALID", f"scenes: there is no Python module {path}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def make(people: int, resolution: str, mode: Mode, seed: int) -> Scene:
        drawn = module.scene(people, resolution, mode, seed)
        size = (drawn["W"], drawn["H"])
        return Scene(drawn["heat"], drawn["paf"], drawn["P"] + 0.5, drawn["vis"], size)

    return make
