"""``posewire-server serve`` as a process: what it says when it cannot serve."""

import subprocess
import sys

import pytest
from posewire_server.errors import EngineError
from posewire_server.serving.server_process import ServerProcess

from tests.serving.gated_predictor import PATIENCE_S


def serve(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "posewire_server", "serve", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)


def test_serve_unknown_model_names_those_that_exist() -> None:
    ended = serve("--models", "boddy")
    assert ended.returncode == 1
    assert ended.stderr.startswith(
        "posewire-server: no model is named 'boddy'; there are: body, person"
    )
    assert ended.stdout == ""


def test_serve_count_below_one_is_refused() -> None:
    ended = serve("--max-streams", "0")
    assert ended.returncode == 2
    assert "--max-streams: 0 is too small; give at least 1" in ended.stderr


def test_server_process_that_does_not_come_up_is_an_error(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(EngineError, match="exit code 1") as raised:
        ServerProcess(["--models", "boddy"])
    assert raised.value.reason == "SERVER_FAILED"
    assert "no model is named 'boddy'" in capfd.readouterr().err
