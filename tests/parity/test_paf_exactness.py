"""The people that the fast decoder gets wholly right, against the best of other decoders."""

from pathlib import Path

import pytest
from posewire_server.tools.benchmarks.figure import Figure
from posewire_server.tools.benchmarks.scenes import make_scene

from tests.benchmarks import exactness

SCENES = Path(__file__).resolve().parents[3] / "shared" / "scenes" / "paf_scenes.py"


def _missed(figures: list[Figure], people_allowed: int) -> list[str]:
    """The figures that miss their target by more than a number of people."""
    missed = []
    for figure in figures:
        bound = float(figure.target.split()[1])
        people = int(figure.name.rsplit(" ", 1)[1]) * figure.runs
        allowed = people_allowed * 100 / people if figure.unit == "%" else 0.0
        short = bound - figure.value if figure.target.startswith(">") else figure.value - bound
        if short > allowed + 0.1 * (figure.unit == "%"):
            missed.append(f"{figure.name}: {figure.value:.2f} {figure.unit}, {figure.target}")
    return missed


@pytest.mark.slow
def test_exactness_own_scenes_reach_the_best_peer_within_one_person() -> None:
    assert _missed(exactness.measure(), people_allowed=1) == []


@pytest.mark.slow
def test_exactness_reference_scenes_reach_the_best_peer() -> None:
    if not SCENES.is_file():
        pytest.skip("../shared/scenes is not there; the test needs its scenes")
    assert _missed(exactness.measure(SCENES), people_allowed=0) == []


def test_exactness_localisation_is_within_a_third_of_a_pixel() -> None:
    decoder = exactness.make_decoder("fast")
    scores = [exactness.score(decoder, make_scene(20, "656", "noisy", seed)) for seed in range(3)]
    rms, bias = exactness.localisation(scores)
    assert rms.met
    assert bias.met
