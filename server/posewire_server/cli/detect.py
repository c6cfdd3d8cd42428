"""Options of ``detect``."""

import argparse
from pathlib import Path

from posewire_server.cli.options import (
    Options,
    add_common,
    add_detector,
    read_config,
    read_engine,
)

SUMMARY = "find the poses in pictures"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options of ``detect``."""
    add_common(parser, run)
    add_detector(parser)
    parser.add_argument("images", nargs="+", metavar="IMAGE", help="image file or folder of them")
    parser.add_argument("--json", action="store_true", help="one JSON object a picture")
    parser.add_argument("--output", type=Path, metavar="PATH", help="annotated file or folder")


def run(options: Options) -> int:
    """Runs ``detect``; returns the exit code."""
    from posewire_server.tools.commands import detect
    from posewire_server.tools.media.detector import DetectorConfig

    detector = read_config(DetectorConfig, options, engine=read_engine(options))
    return detect.run(read_config(detect.DetectConfig, options, detector=detector))
