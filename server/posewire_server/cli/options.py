"""Options that several commands have."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from posewire_server.cli.numbers import count_or_zero, share
from posewire_server.config import default_cache

if TYPE_CHECKING:
    from posewire_server.inference.engine.network import EngineConfig
    from posewire_server.inference.tracking.tracking_settings import TrackingSettings
    from posewire_server.tools.media.detector import DetectorConfig

Options = argparse.Namespace
Command = Callable[[Options], int]


def add_common(parser: argparse.ArgumentParser, run: Command) -> None:
    """Adds the arguments of every command."""
    parser.set_defaults(run=run)
    parser.add_argument("--config", metavar="FILE", help="settings file (TOML)")
    levels = ("debug", "info", "warning", "error")
    parser.add_argument("--log-level", choices=levels, default="warning")
    parser.add_argument("--cache", type=Path, default=default_cache(), metavar="DIR")


def add_engine(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments that choose the engine."""
    group = parser.add_argument_group("engine")
    engines = ("auto", "openvino", "onednn", "plain", "gpu")
    group.add_argument("--engine", choices=engines, default="auto")
    group.add_argument("--precision", choices=("fp32", "bf16"), default="fp32")
    threads = "CPU threads of a run; 0: all cores"
    group.add_argument("--threads", type=count_or_zero, default=0, metavar="N", help=threads)


def read_engine(options: Options) -> "EngineConfig":
    """Returns the engine that was chosen."""
    from posewire_server.inference.engine.network import EngineConfig

    return EngineConfig(options.engine, options.precision, options.threads)


def add_detector(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments that choose who answers."""
    add_engine(parser)
    parser.add_argument("--server", metavar="ADDRESS", help="ask this server; default: in process")
    parser.add_argument("--model", default="body", metavar="NAME")
    mode = "how the network's output is read; default: the model's own"
    parser.add_argument("--mode", default="", metavar="NAME", help=mode)
    lower = "leave out poses with a lower score, from 0 to 1"
    parser.add_argument("--minimum-score", type=share, default=0.0, metavar="SCORE", help=lower)


def read_detector(options: Options, tracking: "TrackingSettings | None" = None) -> "DetectorConfig":
    """Returns who is to answer."""
    from posewire_server.tools.media.detector import DetectorConfig

    return DetectorConfig(
        server=options.server,
        model=options.model,
        mode=options.mode,
        minimum_score=options.minimum_score,
        tracking=tracking,
        engine=read_engine(options),
        cache=options.cache,
    )
