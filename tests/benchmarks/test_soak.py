"""A server that lives long stays as it was; the benchmark ``soak`` has the full length."""

from tests.benchmarks import soak


def test_soak_loses_no_frame_and_nothing_grows() -> None:
    figures = soak.measure(soak.Life(frames=8000, cancelled=800, half_open=800))
    assert [figure for figure in figures if not figure.met] == []
    assert [figure.runs for figure in figures] == [8000] + [9600] * 4
