"""Command line of ``posewire-server``.

A command imports its modules when it runs: ``--help`` answers at once.
"""

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from posewire_server.cli.detection import add_demo, add_detect, add_video
from posewire_server.cli.measurement import add_bench, add_eval
from posewire_server.cli.models import add_models
from posewire_server.cli.serve import add_serve
from posewire_server.config import parse
from posewire_server.errors import PosewireError
from posewire_server.runtime import quieten_opencv, tune_grpc

_INTERRUPTED = 130
_PIPE_CLOSED = 141
_COMMANDS = {
    "serve": ("serve models over gRPC", add_serve),
    "demo": ("weights, a server, a stream of frames, an annotated clip", add_demo),
    "detect": ("find the poses in pictures", add_detect),
    "video": ("find the poses in a video, a camera or an RTSP stream", add_video),
    "models": ("the models of the cache", add_models),
    "eval": ("score the pictures beside a labels file", add_eval),
    "bench": ("measure decoding, networks and serving on this machine", add_bench),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit code."""
    tune_grpc(os.environ)
    quieten_opencv(os.environ)
    try:
        given = sys.argv[1:] if arguments is None else arguments
        options = parse(build_parser(), given)
        options.arguments = given
        logging.basicConfig(level=options.log_level.upper(), format="%(levelname)s %(message)s")
        return int(options.run(options))
    except PosewireError as error:
        return _complain(error)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        sys.stdout = None  # The reader of the output has gone.
        return _PIPE_CLOSED
    except Exception as error:
        from posewire import PosewireError as ClientError

        if isinstance(error, ClientError):
            return _complain(error)
        if _is_interrupt(error):
            return _INTERRUPTED
        raise


def _is_interrupt(error: BaseException | None) -> bool:
    """Returns whether Ctrl-C caused an error; Paddle's import turns it into an ImportError."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def _complain(error: Exception) -> int:
    print(f"posewire-server: {error}", file=sys.stderr)
    return 1


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    description = "Human keypoints over gRPC: frames in, poses out."
    parser = _Parser(prog="posewire-server", description=description)
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, (summary, add_options) in _COMMANDS.items():
        add_options(commands.add_parser(name, help=summary, description=summary))
    return parser


class _Parser(argparse.ArgumentParser):
    """Parser whose options are absent if not given; an error is one line, without the usage."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(argument_default=argparse.SUPPRESS, **settings)

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from posewire import __version__

        parser.exit(message=f"posewire {__version__}\n")
