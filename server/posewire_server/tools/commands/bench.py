"""``posewire-server bench``: measures the numbers of the README on this machine."""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from posewire_server.bench.figure import Figure
from posewire_server.errors import ConfigError, PosewireError
from posewire_server.tools.media.plotting import load_pyplot

GROUPS = (
    "paf",
    "exactness",
    "accuracy",
    "network",
    "systems",
    "tracking",
    "server",
    "live",
    "video",
    "sources",
    "batching",
    "workers",
    "soak",
)


@dataclass(frozen=True)
class BenchConfig:
    """What to measure, and on what.

    Attributes:
        groups: Some of ``GROUPS``; empty for all.
        cache: Folder of the weights.
        json: Whether to print one JSON object a figure in place of the table.
        plot: PNG file to draw the figures into, or None.
        labels: Labels file for ``accuracy``, or None for the one beside the project.
        scenes: Module of synthetic scenes for ``exactness``, or None for the project's own.
        seed: First seed of the synthetic scenes.
    """

    groups: tuple[str, ...]
    cache: Path
    json: bool = False
    plot: Path | None = None
    labels: Path | None = None
    scenes: Path | None = None
    seed: int = 0


def run(config: BenchConfig) -> int:
    """Measures and prints group by group; returns 0 if every group could be measured."""
    figures: list[Figure] = []
    failed = False
    for group in _check(config.groups) or GROUPS:
        try:
            measured = _measure_by_group()[group](config)
        except PosewireError as error:
            print(f"posewire-server bench: {group} was not measured: {error}", file=sys.stderr)
            failed = True
            continue
        _print_figures(measured, as_json=config.json)
        figures += measured
    if config.plot is not None:
        _plot(figures, config.plot)
    return int(failed)


def _check(groups: Sequence[str]) -> Sequence[str]:
    unknown = sorted(set(groups) - set(GROUPS))
    if unknown:
        text = f"bench has no group '{unknown[0]}'; it has {', '.join(GROUPS)}"
        raise ConfigError("SETTING_INVALID", text)
    return groups


def _measure_by_group() -> dict[str, Callable[[BenchConfig], list[Figure]]]:
    from posewire_server.bench import (
        accuracy,
        batching,
        exactness,
        live,
        network,
        paf,
        server,
        soak,
        sources,
        systems,
        tracking,
        video,
        workers,
    )

    return {
        "paf": lambda config: paf.measure(config.seed),
        "exactness": lambda config: exactness.measure(config.scenes, config.seed),
        "accuracy": lambda config: accuracy.measure(config.cache, config.labels),
        "network": lambda config: network.measure(config.cache),
        "systems": lambda config: systems.measure(config.cache),
        "tracking": lambda config: tracking.measure(config.cache, config.seed),
        "server": lambda config: server.measure(config.cache),
        "live": lambda config: live.measure(config.cache),
        "video": lambda _: video.measure(),
        "sources": lambda _: sources.measure(),
        "batching": lambda config: batching.measure(config.cache),
        "workers": lambda _: workers.measure(),
        "soak": lambda _: soak.measure(),
    }


def _print_figures(figures: Sequence[Figure], *, as_json: bool) -> None:
    for figure in figures:
        if as_json:
            print(json.dumps(asdict(figure) | {"met": figure.met}), flush=True)
        else:
            met = "" if not figure.target else "met" if figure.met else "NOT MET"
            value = f"{figure.value:10.4g} {figure.unit:4}"
            print(f"{figure.name:64} {value} {figure.target:>10}  {met:7} {figure.runs:>6} runs")


def _plot(figures: Sequence[Figure], path: Path) -> None:
    """Draws each figure with a target as a bar in units of its bound."""
    pyplot = load_pyplot()
    bounded = [figure for figure in figures if figure.target]
    share = [figure.value / float(figure.target.split()[1]) for figure in bounded]
    colours = ["tab:green" if figure.met else "tab:red" for figure in bounded]
    drawing, axes = pyplot.subplots(figsize=(10, 1 + 0.3 * len(bounded)), layout="constrained")
    axes.barh([f"{figure.name} ({figure.target})" for figure in bounded], share, color=colours)
    axes.axvline(1.0, color="black", linewidth=1)
    axes.set_xlabel("value / target")
    axes.invert_yaxis()
    drawing.savefig(path, dpi=120)
    pyplot.close(drawing)
