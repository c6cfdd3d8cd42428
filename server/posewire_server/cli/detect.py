"""``detect`` and ``video``."""

import argparse
from pathlib import Path

from posewire_server.cli.options import Options, add_detector, read_detector
from posewire_server.cli.tracking import add_tracking, read_tracking


def add_detect(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of ``detect``."""
    add_detector(parser)
    parser.add_argument("images", nargs="+", metavar="IMAGE", help="image file or folder of them")
    parser.add_argument("--json", action="store_true", help="one JSON object a picture")
    parser.add_argument("--output", type=Path, metavar="PATH", help="annotated file or folder")


def detect_poses(options: Options) -> int:
    """Runs ``detect``; returns the exit code."""
    from posewire_server.tools.commands import detect

    images = tuple(options.images)
    return detect.run(
        detect.DetectConfig(images, read_detector(options), options.json, options.output)
    )


def add_video(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of ``video``."""
    add_detector(parser)
    add_tracking(parser)
    parser.add_argument("source", metavar="FILE", help="video file, camera index or RTSP URL")
    parser.add_argument("--output", type=Path, metavar="FILE", help="annotated video")
    parser.add_argument("--json-lines", type=Path, metavar="FILE", help="one JSON object a frame")
    packets = "stream H.264 or HEVC as it is, to be decoded where poses are looked for"
    parser.add_argument("--packets", action="store_true", help=packets)


def follow_video(options: Options) -> int:
    """Runs ``video``; returns the exit code."""
    from posewire_server.tools.commands import video

    detector = read_detector(options, read_tracking(options))
    return video.run(
        video.VideoConfig(
            options.source, detector, options.output, options.json_lines, options.packets
        )
    )
