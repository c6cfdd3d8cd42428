"""Options of ``bench``."""

import argparse
from pathlib import Path

from posewire_server.cli.options import Options, add_common, read_config

SUMMARY = "measure decoding, networks and serving on this machine"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options of ``bench``."""
    add_common(parser, run)
    groups = "of paf, network, server, live; default: all"
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=groups)
    parser.add_argument("--json", action="store_true", help="one JSON object a figure")
    parser.add_argument("--plot", type=Path, metavar="PNG", help="draw the figures")


def run(options: Options) -> int:
    """Runs ``bench``; returns the exit code."""
    from posewire_server.tools.commands import bench

    return bench.run(read_config(bench.BenchConfig, options))
