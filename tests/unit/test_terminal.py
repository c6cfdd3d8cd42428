import pytest
from posewire_server.tools.media.terminal import ProgressBars


def test_progress_shows_stages_one_after_the_other(capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressBars() as progress:
        for done in (0, 1_000_000, 2_000_000):
            progress("download", done, 2_000_000)
        for done in range(4):
            progress("check", done, 3)
    shown = capsys.readouterr().err
    assert "download: 100%" in shown
    assert "2.00M/2.00M" in shown
    assert "check: 100%" in shown
    assert "3/3" in shown
    assert shown.rindex("download") < shown.index("check")


def test_progress_without_stages_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressBars():
        pass
    assert capsys.readouterr().err == ""


def test_progress_of_an_interrupted_stage_leaves_its_bar(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fill_the_disk() -> None:
        with ProgressBars() as progress:
            progress("download", 50, 100)
            raise OSError("full")

    with pytest.raises(OSError, match="full"):
        fill_the_disk()
    assert "50.0/100" in capsys.readouterr().err
