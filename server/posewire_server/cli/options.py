"""Options that several commands share, their types, and configs read from options.

An option has the name of the config's field that it sets. An option that is not given is absent,
and the config's own default applies.
"""

import argparse
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, get_args

from posewire_server.config import default_cache
from posewire_server.inference.engine.engine_config import Engine, EngineConfig, Precision
from posewire_server.inference.tracking.tracking_settings import (
    LONGEST_FILL_S,
    LONGEST_GAP_S,
    SmoothingSettings,
    TrackingSettings,
)

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Options = argparse.Namespace
ConfigT = TypeVar("ConfigT", bound="DataclassInstance")


def read_config(config: type[ConfigT], options: Options, **nested: object) -> ConfigT:
    """Returns a config of the options that have its fields' names, and of nested configs."""
    given = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in vars(options).items()
        if name in {field.name for field in fields(config)}
    }
    return config(**given | nested)


def add_common(parser: argparse.ArgumentParser, run: Callable[[Options], int]) -> None:
    """Adds the options of every command."""
    parser.set_defaults(run=run)
    parser.add_argument("--config", metavar="FILE", help="settings file (TOML)")
    levels = ("debug", "info", "warning", "error")
    parser.add_argument("--log-level", choices=levels, default="warning")
    parser.add_argument("--cache", type=Path, default=default_cache(), metavar="DIR")


def add_engine(parser: argparse.ArgumentParser) -> None:
    """Adds the options of ``EngineConfig``."""
    group = parser.add_argument_group("engine")
    group.add_argument("--engine", choices=get_args(Engine), help=f"default: {EngineConfig.engine}")
    group.add_argument(
        "--precision", choices=get_args(Precision), help=f"default: {EngineConfig.precision}"
    )
    threads = "CPU threads of one run; 0: all cores"
    group.add_argument("--threads", type=non_negative_int, metavar="N", help=threads)


def add_detector(parser: argparse.ArgumentParser) -> None:
    """Adds the options of ``DetectorConfig``, without those of tracking."""
    add_engine(parser)
    parser.add_argument("--server", metavar="ADDRESS", help="ask this server; default: in process")
    parser.add_argument("--model", metavar="NAME", help="default: body")
    mode = "how the network's output is decoded; default: the model's own"
    parser.add_argument("--mode", metavar="NAME", help=mode)
    score = "leave out poses with a lower score, from 0 to 1"
    parser.add_argument("--minimum-score", type=fraction, metavar="SCORE", help=score)


def add_tracking(parser: argparse.ArgumentParser) -> None:
    """Adds the options of ``TrackingSettings``."""
    group = parser.add_argument_group("tracking")
    tracking = "track each instance from frame to frame: it keeps its id"
    group.add_argument("--tracking", action="store_true", help=tracking)
    group.add_argument(
        "--max-gap-s",
        type=_seconds_up_to(LONGEST_GAP_S),
        metavar="SECONDS",
        help="longest time out of sight after which an instance keeps its id; "
        f"default: {TrackingSettings.max_gap_s:g}; turns tracking on",
    )
    group.add_argument(
        "--fill-gap-s",
        type=_seconds_up_to(LONGEST_FILL_S),
        metavar="SECONDS",
        help="longest gap of a keypoint that is filled in; turns tracking on",
    )
    smoothing = "smooth the keypoints over the frames; turns tracking on"
    group.add_argument("--smoothing", action="store_true", help=smoothing)


def read_engine(options: Options) -> EngineConfig:
    """Returns the settings of the engine."""
    return read_config(EngineConfig, options)


def read_tracking(options: Options) -> TrackingSettings | None:
    """Returns the settings of tracking, or None if no option turns it on."""
    given = vars(options)
    if not any(given.get(name) for name in ("tracking", "max_gap_s", "fill_gap_s", "smoothing")):
        return None
    smoothing = SmoothingSettings() if given.get("smoothing") else None
    return read_config(TrackingSettings, options, smoothing=smoothing)


def positive_int(text: str) -> int:
    """Returns a whole number of at least 1."""
    return _int(text, 1)


def non_negative_int(text: str) -> int:
    """Returns a whole number of at least 0."""
    return _int(text, 0)


def fraction(text: str) -> float:
    """Returns a number from 0 to 1."""
    number = _float(text)
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f"{text} is out of range; give a number from 0 to 1")
    return number


def seconds(text: str) -> float:
    """Returns a finite duration of at least 0 seconds."""
    number = _float(text)
    if not 0 <= number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is no duration; give 0 or more seconds")
    return number


def _seconds_up_to(maximum_s: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        number = _float(text)
        if not 0 < number <= maximum_s:
            problem = f"{text} s is out of range; give more than 0 and at most {maximum_s:g}"
            raise argparse.ArgumentTypeError(problem)
        return number

    return read


def _int(text: str, minimum: int) -> int:
    try:
        number = int(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from error
    if number < minimum:
        raise argparse.ArgumentTypeError(f"{text} is too small; give at least {minimum}")
    return number


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no number") from error
