"""``posewire-server``: the command line, and the place where everything is put together."""

import argparse
import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from posewire.version import __version__

from posewire_server.config import default_cache, parse
from posewire_server.errors import PosewireError

Command = Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit code."""
    try:
        options = parse(_build_parser(), sys.argv[1:] if arguments is None else arguments)
        logging.basicConfig(level=options.log_level.upper(), format="%(levelname)s %(message)s")
        command: Command = options.run
        return command(options)
    except PosewireError as error:
        print(f"posewire-server: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="posewire-server",
        description="Human key points over gRPC: frames in, poses out.",
    )
    parser.add_argument("--version", action="version", version=f"posewire {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for add in (_add_serve,):
        add(commands)
    return parser


def _add_command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    summary: str,
    run: Command,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=summary, description=summary)
    parser.set_defaults(run=run)
    parser.add_argument("--config", metavar="FILE", help="settings file (TOML)")
    parser.add_argument("--log-level", default="warning", metavar="LEVEL")
    parser.add_argument("--cache", type=Path, default=default_cache(), metavar="DIR")
    return parser


def _add_engine_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("engine")
    engines = ("auto", "openvino", "onednn", "plain", "gpu")
    group.add_argument("--engine", choices=engines, default="auto")
    group.add_argument("--precision", choices=("fp32", "bf16"), default="fp32")
    group.add_argument(
        "--threads", type=int, default=0, help="CPU threads of one run; 0: all cores"
    )


def _add_serve(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = _add_command(commands, "serve", "serve models over gRPC", _serve)
    _add_engine_options(parser)
    parser.add_argument("--address", default="127.0.0.1:50051", help="host:port or unix:/path")
    parser.add_argument("--models", nargs="+", default=["body"], metavar="NAME")
    parser.add_argument("--workers", type=int, default=2, help="threads beside the predictor's")
    parser.add_argument("--grace-s", type=float, default=10.0, help="longest drain after SIGTERM")
    parser.add_argument("--reuse-port", action="store_true", help="share the port with others")
    limits = parser.add_argument_group("limits")
    limits.add_argument("--max-message-bytes", type=int, default=32 * 1024 * 1024)
    limits.add_argument("--max-image-pixels", type=int, default=40_000_000)
    limits.add_argument("--max-streams", type=int, default=100)
    limits.add_argument("--max-in-flight", type=int, default=16)


def _serve(options: argparse.Namespace) -> int:
    from posewire_server.commands import serve
    from posewire_server.pipeline import EngineConfig
    from posewire_server.rpc.app import ServerConfig
    from posewire_server.rpc.models import Limits

    config = ServerConfig(
        address=options.address,
        models=tuple(options.models),
        engine=EngineConfig(options.engine, options.precision, options.threads),
        limits=Limits(
            options.max_message_bytes,
            options.max_image_pixels,
            options.max_streams,
            options.max_in_flight,
        ),
        workers=options.workers,
        grace_s=options.grace_s,
        reuse_port=options.reuse_port,
    )
    return serve.run(config, options.cache)
