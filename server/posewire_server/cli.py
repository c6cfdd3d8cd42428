"""``posewire-server``: the command line, and the place where everything is put together.

What a command imports is imported when it runs, so that ``--help`` answers at once.
"""

import argparse
import logging
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from posewire_server.config import default_cache, parse
from posewire_server.errors import PosewireError
from posewire_server.tuning import poll_directly

if TYPE_CHECKING:
    from posewire_server.detector import DetectorConfig
    from posewire_server.pipeline import EngineConfig

Options = argparse.Namespace
Command = Callable[[Options], int]
_INTERRUPTED = 130
_PIPE_CLOSED = 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit code."""
    poll_directly(os.environ)
    try:
        options = parse(_build_parser(), sys.argv[1:] if arguments is None else arguments)
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
        raise


def _complain(error: Exception) -> int:
    print(f"posewire-server: {error}", file=sys.stderr)
    return 1


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="posewire-server",
        description="Human key points over gRPC: frames in, poses out.",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def add(name: str, run: Command, summary: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=summary, description=summary)
        _add_common(command, run)
        return command

    _add_serve(add("serve", _serve, "serve models over gRPC"))
    _add_demo(add("demo", _demo, "weights, a server, a stream of real frames, an annotated clip"))
    _add_detect(add("detect", _detect, "find the poses in pictures"))
    _add_video(add("video", _video, "find the poses in a video, a camera or an RTSP stream"))
    _add_models(commands.add_parser("models", help="the models of the cache"))
    _add_eval(add("eval", _eval, "score the pictures beside a labels file"))
    _add_bench(add("bench", _bench, "measure the numbers of the README on this machine"))
    return parser


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from posewire import __version__

        parser.exit(message=f"posewire {__version__}\n")


def _add_common(parser: argparse.ArgumentParser, run: Command) -> None:
    parser.set_defaults(run=run)
    parser.add_argument("--config", metavar="FILE", help="settings file (TOML)")
    levels = ("debug", "info", "warning", "error")
    parser.add_argument("--log-level", choices=levels, default="warning")
    parser.add_argument("--cache", type=Path, default=default_cache(), metavar="DIR")


def _add_engine(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("engine")
    engines = ("auto", "openvino", "onednn", "plain", "gpu")
    group.add_argument("--engine", choices=engines, default="auto")
    group.add_argument("--precision", choices=("fp32", "bf16"), default="fp32")
    group.add_argument("--threads", type=int, default=0, help="CPU threads of a run; 0: all cores")


def _engine(options: Options) -> "EngineConfig":
    from posewire_server.pipeline import EngineConfig

    return EngineConfig(options.engine, options.precision, options.threads)


def _add_serve(parser: argparse.ArgumentParser) -> None:
    _add_engine(parser)
    parser.add_argument("--address", default="127.0.0.1:50051", help="host:port or unix:/path")
    parser.add_argument("--models", nargs="+", default=["body"], metavar="NAME")
    parser.add_argument("--workers", type=_count, default=2, help="threads that prepare and decode")
    parser.add_argument("--grace-s", type=float, default=10.0, help="longest drain after SIGTERM")
    parser.add_argument("--reuse-port", action="store_true", help="share the port with others")
    limits = parser.add_argument_group("limits")
    limits.add_argument("--max-message-bytes", type=_count, default=32 * 1024 * 1024)
    limits.add_argument("--max-image-pixels", type=_count, default=40_000_000)
    limits.add_argument("--max-streams", type=_count, default=100)
    limits.add_argument("--max-in-flight", type=_count, default=16)


def _count(text: str) -> int:
    if int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is too small; give at least 1")
    return int(text)


def _serve(options: Options) -> int:
    from posewire_server.commands import serve
    from posewire_server.rpc.app import ServerConfig
    from posewire_server.rpc.models import Limits

    limits = Limits(
        max_message_bytes=options.max_message_bytes,
        max_image_pixels=options.max_image_pixels,
        max_streams=options.max_streams,
        max_in_flight=options.max_in_flight,
    )
    config = ServerConfig(
        address=options.address,
        models=tuple(options.models),
        engine=_engine(options),
        limits=limits,
        workers=options.workers,
        grace_s=options.grace_s,
        reuse_port=options.reuse_port,
    )
    return serve.run(config, options.cache)


def _add_demo(parser: argparse.ArgumentParser) -> None:
    _add_engine(parser)
    parser.add_argument("--source", help="image, folder, video file, camera index or RTSP URL")
    parser.add_argument("--output", type=Path, metavar="FILE", help="annotated image or video")


def _demo(options: Options) -> int:
    from posewire_server.commands import demo

    return demo.run(
        demo.DemoConfig(options.cache, options.source, options.output, _engine(options))
    )


def _add_detector(parser: argparse.ArgumentParser) -> None:
    _add_engine(parser)
    parser.add_argument("--server", metavar="ADDRESS", help="ask this server; default: in process")
    parser.add_argument("--model", default="body", metavar="NAME")
    parser.add_argument("--decoder", default="", help="fast, openpose or paddlehub")
    parser.add_argument("--minimum-score", type=float, default=0.0, metavar="SCORE")


def _detector(options: Options) -> "DetectorConfig":
    from posewire_server.detector import DetectorConfig

    return DetectorConfig(
        server=options.server,
        model=options.model,
        decoder=options.decoder,
        minimum_score=options.minimum_score,
        engine=_engine(options),
        cache=options.cache,
    )


def _add_detect(parser: argparse.ArgumentParser) -> None:
    _add_detector(parser)
    parser.add_argument("images", nargs="+", metavar="IMAGE", help="image file or folder of them")
    parser.add_argument("--json", action="store_true", help="one JSON object a picture")
    parser.add_argument("--output", type=Path, metavar="PATH", help="annotated file or folder")


def _detect(options: Options) -> int:
    from posewire_server.commands import detect

    images = tuple(options.images)
    return detect.run(detect.DetectConfig(images, _detector(options), options.json, options.output))


def _add_video(parser: argparse.ArgumentParser) -> None:
    _add_detector(parser)
    parser.add_argument("source", metavar="FILE", help="video file, camera index or RTSP URL")
    parser.add_argument("--output", type=Path, metavar="FILE", help="annotated video")
    parser.add_argument("--json-lines", type=Path, metavar="FILE", help="one JSON object a frame")


def _video(options: Options) -> int:
    from posewire_server.commands import video

    return video.run(
        video.VideoConfig(options.source, _detector(options), options.output, options.json_lines)
    )


def _add_models(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, summary in (
        ("list", "all models and their state"),
        ("pull", "fetch, import and check"),
        ("verify", "prove files and engines"),
        ("remove", "remove from the cache"),
    ):
        command = commands.add_parser(name, help=summary)
        _add_common(command, partial(_models, name))
        if name != "list":
            command.add_argument("names", nargs="*", metavar="NAME", help="default: all")
        if name == "pull":
            command.add_argument("--force", action="store_true", help="even if it is there")


def _models(name: str, options: Options) -> int:
    from posewire_server.commands import models
    from posewire_server.models.library import Library

    library = Library(options.cache)
    if name == "list":
        return models.list_models(library)
    if name == "pull":
        return models.pull(library, options.names, force=options.force)
    return {"verify": models.verify, "remove": models.remove}[name](library, options.names)


def _add_eval(parser: argparse.ArgumentParser) -> None:
    _add_engine(parser)
    parser.add_argument("labels", type=Path, metavar="LABELS", help="labels file (JSON)")
    parser.add_argument("--model", default="body", metavar="NAME")
    parser.add_argument("--decoders", nargs="+", default=[], metavar="NAME", help="default: all")
    parser.add_argument("--datasets", nargs="+", default=["coco_*"], metavar="NAME")
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line")
    parser.add_argument("--predictions", type=Path, metavar="FILE", help="keep what was found")


def _eval(options: Options) -> int:
    from posewire_server.commands import evaluate

    config = evaluate.EvaluateConfig(
        labels=options.labels,
        cache=options.cache,
        engine=_engine(options),
        model=options.model,
        decoders=tuple(options.decoders),
        datasets=tuple(options.datasets),
        json=options.json,
        predictions=options.predictions,
    )
    return evaluate.run(config)


def _add_bench(parser: argparse.ArgumentParser) -> None:
    from posewire_server.commands.bench import GROUPS

    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"of {', '.join(GROUPS)}")
    parser.add_argument("--json", action="store_true", help="one JSON object a figure")
    parser.add_argument("--plot", type=Path, metavar="PNG", help="draw the figures")
    parser.add_argument("--labels", type=Path, metavar="FILE", help="labels file for accuracy")
    parser.add_argument("--scenes", type=Path, metavar="FILE", help="module of synthetic scenes")
    parser.add_argument("--seed", type=int, default=0, help="first seed of synthetic scenes")


def _bench(options: Options) -> int:
    from posewire_server.commands import bench

    config = bench.BenchConfig(
        groups=tuple(options.groups),
        cache=options.cache,
        json=options.json,
        plot=options.plot,
        labels=options.labels,
        scenes=options.scenes,
        seed=options.seed,
    )
    return bench.run(config)
