"""Plots, where matplotlib is installed."""

from typing import Any

from posewire_server.errors import ConfigError, LocalReason


def load_pyplot() -> Any:
    """Returns ``matplotlib.pyplot``, drawing into files.

    Raises:
        ConfigError: PLOT_UNAVAILABLE.
    """
    try:
        import matplotlib as mpl
    except ImportError as error:
        text = "plots need matplotlib; pip install 'posewire[bench]'"
        raise ConfigError(LocalReason.PLOT_UNAVAILABLE, text) from error
    mpl.use("Agg")
    from matplotlib import pyplot

    return pyplot
