"""Options of ``video``."""

import argparse
from pathlib import Path

from posewire_server.cli.options import (
    Options,
    add_common,
    add_detector,
    add_tracking,
    read_config,
    read_engine,
    read_tracking,
)

SUMMARY = "find the poses in a video, a camera or an RTSP stream"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options of ``video``."""
    add_common(parser, run)
    add_detector(parser)
    add_tracking(parser)
    parser.add_argument("source", metavar="FILE", help="video file, camera index or RTSP URL")
    parser.add_argument("--output", type=Path, metavar="FILE", help="annotated video")
    parser.add_argument("--json-lines", type=Path, metavar="FILE", help="one JSON object a frame")
    packets = "stream H.264 or HEVC as it is; the detector decodes it"
    parser.add_argument("--packets", action="store_true", help=packets)


def run(options: Options) -> int:
    """Runs ``video``; returns the exit code."""
    from posewire_server.tools.commands import video
    from posewire_server.tools.media.detector import DetectorConfig

    engine, tracking = read_engine(options), read_tracking(options)
    detector = read_config(DetectorConfig, options, engine=engine, tracking=tracking)
    return video.run(read_config(video.VideoConfig, options, detector=detector))
