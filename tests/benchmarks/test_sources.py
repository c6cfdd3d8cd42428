"""The bench of sources measures what it says; how fast a machine is, is not a test."""

import pytest

from tests.benchmarks import sources
from tests.serving.shared_object import FOLDER


@pytest.mark.skipif(not FOLDER.is_dir(), reason="this system has no /dev/shm")
def test_measure_sources_returns_a_figure_for_each_way() -> None:
    figures = {figure.name: figure for figure in sources.measure(turns=1, frames=60)}
    assert len(figures) == 9
    title = "sources: processor time of a 1080p NV12 frame before the network"
    as_bytes, shared = figures[f"{title}, bytes"], figures[f"{title}, shared memory"]
    ratio = figures[f"{title}, bytes over shared memory"]
    assert ratio.value == pytest.approx(as_bytes.value / shared.value)
    strip = "sources: the same of a strip of 36 rows"
    of_bytes = as_bytes.value - figures[f"{strip}, bytes"].value
    of_shared = shared.value - figures[f"{strip}, shared memory"].value
    (pixels,) = (figure for name, figure in figures.items() if "pixels" in name)
    assert (ratio.target, pixels.target) == (">= 1.7", ">= 2")
    assert pixels.value == pytest.approx(of_bytes / max(of_shared, 0.01))
