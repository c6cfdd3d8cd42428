"""Options of the commands that detect poses: ``detect``, ``video`` and ``demo``."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from posewire_server.cli.options import (
    Options,
    add_common,
    add_detector,
    add_engine,
    add_tracking,
    read_config,
    read_engine,
    read_tracking,
)

if TYPE_CHECKING:
    from posewire_server.tools.media.detector import DetectorConfig


def add_detect(parser: argparse.ArgumentParser) -> None:
    """Adds the options of ``detect``."""
    add_common(parser, _detect)
    add_detector(parser)
    parser.add_argument("images", nargs="+", metavar="IMAGE", help="image file or folder of them")
    parser.add_argument("--json", action="store_true", help="one JSON object a picture")
    parser.add_argument("--output", type=Path, metavar="PATH", help="annotated file or folder")


def _detect(options: Options) -> int:
    from posewire_server.tools.commands.detect import DetectConfig, run

    return run(read_config(DetectConfig, options, detector=_read_detector(options)))


def add_video(parser: argparse.ArgumentParser) -> None:
    """Adds the options of ``video``."""
    add_common(parser, _video)
    add_detector(parser)
    add_tracking(parser)
    parser.add_argument("source", metavar="FILE", help="video file, camera index or RTSP URL")
    parser.add_argument("--output", type=Path, metavar="FILE", help="annotated video")
    parser.add_argument("--json-lines", type=Path, metavar="FILE", help="one JSON object a frame")
    packets = "stream H.264 or HEVC as it is; the detector decodes it"
    parser.add_argument("--packets", action="store_true", help=packets)


def _video(options: Options) -> int:
    from posewire_server.tools.commands.video import VideoConfig, run

    return run(read_config(VideoConfig, options, detector=_read_detector(options)))


def _read_detector(options: Options) -> "DetectorConfig":
    from posewire_server.tools.media.detector import DetectorConfig

    engine, tracking = read_engine(options), read_tracking(options)
    return read_config(DetectorConfig, options, engine=engine, tracking=tracking)


def add_demo(parser: argparse.ArgumentParser) -> None:
    """Adds the options of ``demo``."""
    add_common(parser, _demo)
    add_engine(parser)
    parser.add_argument("--model", metavar="NAME", help="default: body")
    parser.add_argument("--source", help="image, folder, video file, camera index or RTSP URL")
    parser.add_argument("--output", type=Path, metavar="FILE", help="annotated image or video")
    add_tracking(parser)


def _demo(options: Options) -> int:
    from posewire_server.tools.commands.demo import DemoConfig, run

    engine, tracking = read_engine(options), read_tracking(options)
    return run(read_config(DemoConfig, options, engine=engine, tracking=tracking))
