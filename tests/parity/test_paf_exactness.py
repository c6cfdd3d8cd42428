"""The people that the fast decoder gets wholly right, against the best of eight other decoders."""

from pathlib import Path

import pytest
from posewire_server.bench import exactness
from posewire_server.bench.figure import Figure

SCENES = Path(__file__).resolve().parents[3] / "shared" / "scenes" / "paf_scenes.py"


def _missed(figures: list[Figure]) -> list[str]:
    return [f"{f.name}: {f.value:.2f} {f.unit}, {f.target}" for f in figures if not f.met]


@pytest.mark.slow
def test_exactness_own_scenes_reach_the_best_peer() -> None:
    assert _missed(exactness.measure()) == []


@pytest.mark.slow
def test_exactness_reference_scenes_reach_the_best_peer() -> None:
    if not SCENES.is_file():
        pytest.skip("../shared/scenes is not there; the test needs its scenes")
    assert _missed(exactness.measure(SCENES)) == []
