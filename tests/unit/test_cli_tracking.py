import argparse

import pytest
from posewire_server.cli.options import add_tracking, read_tracking
from posewire_server.inference.tracking.tracking_settings import SmoothingSettings, TrackingSettings


def read(*words: str) -> TrackingSettings | None:
    parser = argparse.ArgumentParser(argument_default=argparse.SUPPRESS)
    add_tracking(parser)
    return read_tracking(parser.parse_args(words))


@pytest.mark.parametrize(
    ("words", "settings"),
    [
        ((), None),
        (("--tracking",), TrackingSettings()),
        (("--smoothing",), TrackingSettings(smoothing=SmoothingSettings())),
        (("--max-gap-s", "3"), TrackingSettings(max_gap_s=3)),
        (("--tracking", "--fill-gap-s", "0.2"), TrackingSettings(fill_gap_s=0.2)),
    ],
)
def test_options_of_tracking(words: tuple[str, ...], settings: TrackingSettings | None) -> None:
    assert read(*words) == settings


@pytest.mark.parametrize(
    "words", [("--max-gap-s", "0"), ("--max-gap-s", "61"), ("--fill-gap-s", "2")]
)
def test_options_of_tracking_out_of_range_say_so(
    words: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        read(*words)
    assert "out of range" in capsys.readouterr().err
