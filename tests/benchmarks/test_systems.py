"""The benches of systems measure what they say; how fast a machine is, is not a test."""

import pytest
from posewire_server.config import default_cache
from posewire_server.tools.media.sample import FRAME_COUNT

from tests.benchmarks import systems

pytestmark = pytest.mark.weights


def test_measure_systems_compares_and_counts() -> None:
    whole_body, tracking = systems.measure(default_cache(), runs=1)
    assert whole_body.value > 1
    assert whole_body.runs == 1
    assert tracking.runs == FRAME_COUNT
    assert tracking.met  # a count, not a time
