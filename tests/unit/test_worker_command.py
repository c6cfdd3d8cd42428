"""The command line of a worker: that of the front, with its own address and share of the cores."""

import os
from pathlib import Path

import pytest
from posewire_server.cli import build_parser
from posewire_server.cli.options import Options, read_config, read_engine
from posewire_server.cli.serve import worker_command
from posewire_server.config import parse
from posewire_server.serving.rpc.server_config import ServerConfig

ADDRESS = "unix:/folder/worker.sock"


def options_of_worker(arguments: list[str]) -> Options:
    """Returns what a worker reads from the command line that it is started with."""
    options = parse(build_parser(), arguments)
    config = read_config(ServerConfig, options, engine=read_engine(options))
    _python, _m, module, *words = worker_command(arguments, config, ADDRESS)
    assert module == "posewire_server"
    return parse(build_parser(), words)


def test_worker_command_keeps_what_the_front_was_given(tmp_path: Path) -> None:
    settings = tmp_path / "posewire.toml"
    settings.write_text("workers = 3\nmax_streams = 7\nmetrics_address = '127.0.0.1:9'\n")
    given = ["serve", "--config", str(settings), "--models", "body", "hand", "--grace-s", "3"]
    options = options_of_worker(given)
    assert (options.models, options.max_streams, options.grace_s) == (["body", "hand"], 7, 3.0)
    assert (options.workers, options.address, options.metrics_address) == (1, ADDRESS, "")
    assert options.end_with_stdin is True


def test_worker_command_is_no_front_whatever_the_environment_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in (("WORKERS", "4"), ("ADDRESS", "127.0.0.1:1"), ("METRICS_ADDRESS", ":2")):
        monkeypatch.setenv(f"POSEWIRE_{name}", value)
    options = options_of_worker(["serve"])
    assert (options.workers, options.address, options.metrics_address) == (1, ADDRESS, "")


@pytest.mark.parametrize(
    ("given", "cores", "expected"),
    [(["--workers", "2"], 8, 4), (["--workers", "3"], 2, 1), (["--threads", "5"], 8, 5)],
)
def test_worker_command_divides_the_cores_unless_told(
    given: list[str], cores: int, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)))
    assert options_of_worker(["serve", *given]).threads == expected
