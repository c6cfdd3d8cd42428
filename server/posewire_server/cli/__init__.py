"""``posewire-server``: the command line, and the place where everything is put together.

What a command imports is imported when it runs, so that ``--help`` answers at once.
"""

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from posewire_server.cli.detect import add_detect, add_video, detect_poses, follow_video
from posewire_server.cli.measure import add_bench, add_eval, measure, score
from posewire_server.cli.models import add_models
from posewire_server.cli.options import Command, add_common
from posewire_server.cli.serve import add_demo, add_serve, serve_models, show_demo
from posewire_server.config import parse
from posewire_server.errors import PosewireError
from posewire_server.runtime import quieten_opencv, tune_grpc

_INTERRUPTED = 130
_PIPE_CLOSED = 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit code."""
    tune_grpc(os.environ)
    quieten_opencv(os.environ)
    try:
        given = sys.argv[1:] if arguments is None else arguments
        options = parse(_build_parser(), given)
        options.arguments = given
        logging.basicConfig(level=options.log_level.upper(), format="%(levelname)s %(message)s")
        command: Command = options.run
        return command(options)
    except PosewireError as error:
        return _complain(error)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        sys.stdout = None  # the reader of our output has gone; nothing is left to say
        return _PIPE_CLOSED
    except Exception as error:
        from posewire import PosewireError as ClientError

        if isinstance(error, ClientError):
            return _complain(error)
        if _is_interrupt(error):
            return _INTERRUPTED
        raise


def _is_interrupt(error: BaseException | None) -> bool:
    """Whether Ctrl-C is behind an error; Paddle makes an ImportError of it while it is imported."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def _complain(error: Exception) -> int:
    print(f"posewire-server: {error}", file=sys.stderr)
    return 1


def _build_parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="posewire-server",
        description="Human keypoints over gRPC: frames in, poses out.",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def add(name: str, run: Command, summary: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=summary, description=summary)
        add_common(command, run)
        return command

    add_serve(add("serve", serve_models, "serve models over gRPC"))
    add_demo(add("demo", show_demo, "weights, a server, a stream of frames, an annotated clip"))
    add_detect(add("detect", detect_poses, "find the poses in pictures"))
    add_video(add("video", follow_video, "find the poses in a video, a camera or an RTSP stream"))
    add_models(commands.add_parser("models", help="the models of the cache"))
    add_eval(add("eval", score, "score the pictures beside a labels file"))
    add_bench(add("bench", measure, "measure the numbers of the README on this machine"))
    return parser


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, without the usage of every option."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from posewire import __version__

        parser.exit(message=f"posewire {__version__}\n")
