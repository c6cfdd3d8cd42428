from pathlib import Path

import pytest
from posewire_server.cli import build_parser
from posewire_server.cli.options import read_config, read_engine
from posewire_server.config import parse
from posewire_server.errors import ConfigError
from posewire_server.serving.rpc.server_config import ServerConfig


@pytest.fixture
def settings_file(tmp_path: Path) -> Path:
    path = tmp_path / "posewire.toml"
    path.write_text('address = "file:1"\nframe_threads = 7\nreuse_port = true\nmodels = ["body"]\n')
    return path


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ADDRESS", "FRAME_THREADS", "REUSE_PORT", "MODELS", "CONFIG"):
        monkeypatch.delenv(f"POSEWIRE_{name}", raising=False)


def test_config_default_where_nothing_is_said() -> None:
    options = parse(build_parser(), ["serve"])
    config = read_config(ServerConfig, options, engine=read_engine(options))
    assert (config.address, config.frame_threads, config.models) == (
        "127.0.0.1:50051",
        0,
        ("body",),
    )
    assert (config.engine.max_batch, config.engine.batch_wait_s) == (8, 0.004)
    assert config.reuse_port is False


def test_config_file_beats_default(settings_file: Path) -> None:
    options = parse(build_parser(), ["serve", "--config", str(settings_file)])
    assert (options.address, options.frame_threads, options.reuse_port) == ("file:1", 7, True)


def test_config_environment_beats_file(
    settings_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POSEWIRE_CONFIG", str(settings_file))
    monkeypatch.setenv("POSEWIRE_ADDRESS", "environment:1")
    monkeypatch.setenv("POSEWIRE_REUSE_PORT", "no")
    options = parse(build_parser(), ["serve"])
    assert (options.address, options.frame_threads, options.reuse_port) == (
        "environment:1",
        7,
        False,
    )


def test_config_command_line_beats_all(
    settings_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POSEWIRE_ADDRESS", "environment:1")
    arguments = [
        "serve",
        "--config",
        str(settings_file),
        "--address",
        "line:1",
        "--frame-threads",
        "3",
    ]
    options = parse(build_parser(), arguments)
    assert (options.address, options.frame_threads) == ("line:1", 3)


def test_config_list_in_the_environment_is_split_at_commas(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("POSEWIRE_MODELS", "body,face")
    assert parse(build_parser(), ["serve"]).models == ["body", "face"]


@pytest.mark.parametrize("text", ["address = ", "\x00", "[[["])
def test_config_file_that_is_no_toml_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "broken.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"broken\.toml") as raised:
        parse(build_parser(), ["serve", "--config", str(path)])
    assert raised.value.reason == "CONFIG_FILE_INVALID"


def test_config_file_that_is_absent_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        parse(build_parser(), ["serve", "--config", str(tmp_path / "none.toml")])
    assert raised.value.reason == "CONFIG_FILE_INVALID"


def test_config_switch_takes_true_or_false_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSEWIRE_REUSE_PORT", "perhaps")
    with pytest.raises(ConfigError, match="true or false") as raised:
        parse(build_parser(), ["serve"])
    assert raised.value.reason == "SETTING_INVALID"


def test_config_unknown_setting_in_the_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "typo.toml"
    path.write_text("adress = 'x:1'\n")
    with pytest.raises(ConfigError, match="adress") as raised:
        parse(build_parser(), ["serve", "--config", str(path)])
    assert raised.value.reason == "SETTING_INVALID"


@pytest.mark.parametrize("value", ["many", "1.5", "0", "-2"])
def test_config_environment_value_that_is_no_count_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], value: str
) -> None:
    monkeypatch.setenv("POSEWIRE_MAX_BATCH", value)
    with pytest.raises(SystemExit):
        parse(build_parser(), ["serve"])
    assert value in capsys.readouterr().err


def test_config_environment_value_that_is_no_choice_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("POSEWIRE_ENGINE", "steam")
    with pytest.raises(ConfigError, match="give one of auto") as raised:
        parse(build_parser(), ["serve"])
    assert raised.value.reason == "SETTING_INVALID"
