"""Packages of the extras of posewire, which are asked for when they are needed."""

import importlib.util

from posewire_server.errors import ConfigError, LocalReason


def require(package: str, extra: str) -> None:
    """Checks that a package is installed.

    Raises:
        ConfigError: EXTRA_MISSING; the text names the extra that installs it.
    """
    if importlib.util.find_spec(package) is None:
        text = f"{package} is not installed; pip install 'posewire[{extra}]'"
        raise ConfigError(LocalReason.EXTRA_MISSING, text)
