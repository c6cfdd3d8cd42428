"""Plot of the figures of benchmarks."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib import figure as pictures
from posewire_server.tools.benchmarks.figure import Figure


def plot_figures(figures: Sequence[Figure], path: Path) -> None:
    """Draws each figure with a target as a bar in units of its target."""
    bounded = [figure for figure in figures if figure.target]
    share = [figure.value / float(figure.target.split()[1]) for figure in bounded]
    colours = ["tab:green" if figure.met else "tab:red" for figure in bounded]
    drawing = pictures.Figure(figsize=(10, 1 + 0.3 * len(bounded)), layout="constrained")
    axes = drawing.subplots()
    axes.barh([f"{figure.name} ({figure.target})" for figure in bounded], share, color=colours)
    axes.axvline(1.0, color="black", linewidth=1)
    axes.set_xlabel("value / target")
    axes.invert_yaxis()
    drawing.savefig(path, dpi=120)
