"""Options of ``demo``."""

import argparse
from pathlib import Path

from posewire_server.cli.options import (
    Options,
    add_common,
    add_engine,
    add_tracking,
    read_config,
    read_engine,
    read_tracking,
)

SUMMARY = "weights, a server, a stream of frames, an annotated clip"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options of ``demo``."""
    add_common(parser, run)
    add_engine(parser)
    parser.add_argument("--model", metavar="NAME", help="default: body")
    parser.add_argument("--source", help="image, folder, video file, camera index or RTSP URL")
    parser.add_argument("--output", type=Path, metavar="FILE", help="annotated image or video")
    add_tracking(parser)


def run(options: Options) -> int:
    """Runs ``demo``; returns the exit code."""
    from posewire_server.tools.commands import demo

    engine, tracking = read_engine(options), read_tracking(options)
    return demo.run(read_config(demo.DemoConfig, options, engine=engine, tracking=tracking))
