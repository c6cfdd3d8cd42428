"""Settings of the command line, the environment and the settings file, and their only reader.

The value of an option is the first of: the command line, the environment (``POSEWIRE_`` and the
option's name, for instance ``POSEWIRE_ADDRESS``), the settings file (``--config``, TOML, keys as
the options with underscores), its default.
"""

import argparse
import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import platformdirs

from posewire_server.errors import ConfigError, LocalReason

PREFIX = "POSEWIRE_"
_TRUE, _FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off", "")


def default_cache() -> Path:
    """Returns the default folder of the weights."""
    return Path(platformdirs.user_cache_dir("posewire"))


def is_in_environment(name: str) -> bool:
    """Returns whether a variable of the environment is set."""
    return name in os.environ


def environment_with(**added: str) -> dict[str, str]:
    """Returns the environment of this process, and what is added to it for a child."""
    return {**os.environ, **added}


def parse(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> argparse.Namespace:
    """Reads the command line over the environment over the settings file over the defaults.

    Raises:
        ConfigError: CONFIG_FILE_INVALID, SETTING_INVALID.
        SystemExit: The command line is wrong; argparse has said why.
    """
    given = parser.parse_args(arguments)
    settings = _read_file(getattr(given, "config", None))
    options = list(_options(parser))
    if unknown := set(settings) - {option.dest for option in options}:
        raise ConfigError(LocalReason.SETTING_INVALID, f"no option is named '{min(unknown)}'")
    for option in options:
        value = os.environ.get(PREFIX + option.dest.upper(), settings.get(option.dest))
        if value is not None:
            option.default = _to_default(option, value)
    return parser.parse_args(arguments)


def _options(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    for action in parser._actions:  # noqa: SLF001 (argparse has no public way to its actions)
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            for command in action.choices.values():
                yield from _options(command)
        elif action.option_strings and action.dest not in {"help", "version"}:
            yield action


def _to_default(action: argparse.Action, value: object) -> object:
    if action.nargs == 0:
        return _to_bool(action.dest, value)
    if isinstance(value, list) or action.nargs in {"+", "*"}:
        items = value if isinstance(value, list) else str(value).split(",")
        return [str(item) for item in items]
    if action.choices is not None and str(value) not in action.choices:
        known = ", ".join(action.choices)
        raise ConfigError(
            LocalReason.SETTING_INVALID, f"{action.dest} is {value!r}; give one of {known}"
        )
    return str(value)  # argparse converts a default that is text as if it had been typed


def _to_bool(name: str, value: object) -> bool:
    text = str(value).lower()
    if text not in _TRUE + _FALSE:
        raise ConfigError(LocalReason.SETTING_INVALID, f"{name} is {value!r}; give true or false")
    return text in _TRUE


def _read_file(path: str | None) -> Mapping[str, object]:
    name = path or os.environ.get(PREFIX + "CONFIG")
    if not name:
        return {}
    try:
        return tomllib.loads(Path(name).read_text())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        text = f"the settings file {name} cannot be read: {error}"
        raise ConfigError(LocalReason.CONFIG_FILE_INVALID, text) from error
