"""The command line: help at once, errors in one sentence, pipes that close."""

import subprocess
import sys
from pathlib import Path

import pytest
from posewire_server import cli


def test_main_without_command_exits_with_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main([])
    assert ended.value.code == 2
    assert "COMMAND" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("serve --workers 0", "0 is too small; give at least 1"),
        ("serve --max-streams many", "'many' is no whole number"),
        ("serve --grace-s -1", "-1 is no duration"),
        ("serve --batch-wait-s nan", "nan is no duration"),
        ("detect street.jpg --threads -3", "-3 is too small; give at least 0"),
        ("detect street.jpg --minimum-score 7", "give a number from 0 to 1"),
        ("detect street.jpg --engine steam", "'openvino'"),
    ],
)
def test_main_wrong_value_says_in_one_line_what_would_do(
    words: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(words.split())
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert told in line
    assert line.endswith("--help")


def test_main_unknown_model_says_which_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["models", "verify", "nobody"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("posewire-server: ")
    assert "body" in error


def test_main_interrupted_inside_an_import_ends_as_interrupted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupt(_library: object) -> int:
        raise ImportError("initialization failed") from KeyboardInterrupt()

    monkeypatch.setattr("posewire_server.tools.commands.models.list_models", interrupt)
    assert cli.main(["models", "list"]) == 130


def test_main_unknown_bench_group_names_the_groups(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["bench", "nothing"]) == 1
    assert "paf, network, server, live" in capsys.readouterr().err


def test_help_loads_neither_network_nor_image_library() -> None:
    script = (
        "import sys; from posewire_server.cli import build_parser; build_parser().format_help();"
        "assert not {'cv2', 'paddle'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_main_closed_pipe_ends_quietly() -> None:
    words = [sys.executable, "-m", "posewire_server", "models", "list"]
    child = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert child.stdout is not None
    child.stdout.close()
    assert child.stderr is not None
    error = child.stderr.read()
    child.stderr.close()
    assert child.wait() in {0, 141}
    assert "Traceback" not in error


def test_main_video_that_is_none_says_so_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    words = [sys.executable, "-m", "posewire_server", "video", str(tmp_path / "empty.mp4")]
    child = subprocess.run(words, capture_output=True, text=True, check=False)
    assert child.returncode == 1
    (line,) = child.stderr.splitlines()
    assert "is it a video that OpenCV reads" in line
