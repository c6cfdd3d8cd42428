"""``serve`` and ``demo``."""

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from posewire_server.cli.numbers import count, count_or_zero, span
from posewire_server.cli.options import Options, add_engine, read_engine
from posewire_server.cli.tracking import add_tracking, read_tracking
from posewire_server.cli.workers import serve_with_workers
from posewire_server.serving.front.lifeline import end_with_stdin

Group = argparse._ActionsContainer  # noqa: SLF001 (what parsers and their groups have in common)


def add_serve(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of ``serve``."""
    add_engine(parser)
    where = "host:port or unix:/path; default: %(default)s"
    parser.add_argument("--address", default="127.0.0.1:50051", help=where)
    what = "what to serve; default: body"
    parser.add_argument("--models", nargs="+", default=["body"], metavar="NAME", help=what)
    at_once = "frames worked on at once; 0: 2, or what fills batches where they pay"
    _add_number(parser, "--frame-threads", count_or_zero, 0, at_once)
    grace = "longest drain after SIGTERM; default: %(default)s"
    _add_number(parser, "--grace-s", span, 10.0, grace, "SECONDS")
    resume = "where clients are told to go on when this server drains, best first"
    parser.add_argument("--resume-target", nargs="+", default=[], metavar="NAME", help=resume)
    _add_number(parser, "--workers", count, 1, "processes behind the address; default: %(default)s")
    orphan = "end at once when standard input does: for what starts servers"
    parser.add_argument("--end-with-stdin", action="store_true", help=orphan)
    metrics = "host:port where Prometheus may read; default: nowhere"
    parser.add_argument("--metrics-address", default="", metavar="ADDRESS", help=metrics)
    parser.add_argument("--reuse-port", action="store_true", help="share the port with others")
    _add_batching(parser.add_argument_group("batching", "where it pays, as measured at the start"))
    _add_limits(parser.add_argument_group("limits"))


def _add_batching(group: Group) -> None:
    _add_number(
        group, "--max-batch", count, 8, "most inputs to join, 1: none; default: %(default)s"
    )
    wait = "longest time that a frame waits for others to join it; default: %(default)s"
    _add_number(group, "--batch-wait-ms", span, 4.0, wait, "MILLISECONDS")


def _add_limits(group: Group) -> None:
    for option, default, most in (
        ("--max-message-bytes", 32 * 1024 * 1024, "of one request"),
        ("--max-image-pixels", 40_000_000, "of one picture"),
        ("--max-streams", 100, "open at once"),
        ("--max-in-flight", 16, "frames of one stream that wait for their answers"),
        ("--max-bytes-in-flight", 512 * 1024 * 1024, "that the frames of all streams hold"),
    ):
        _add_number(group, option, count, default, f"{most}; default: %(default)s")


def _add_number(
    group: Group,
    option: str,
    read: Callable[[str], float],
    default: float,
    what: str,
    unit: str = "N",
) -> None:
    group.add_argument(option, type=read, default=default, metavar=unit, help=what)


def serve_models(options: Options) -> int:
    """Runs ``serve``; returns the exit code."""
    return _serve_alone(options) if options.workers == 1 else serve_with_workers(options)


def _serve_alone(options: Options) -> int:
    from posewire_server.serving.rpc.app import ServerConfig
    from posewire_server.serving.rpc.served_models import Limits
    from posewire_server.tools.commands import serve

    if options.end_with_stdin:
        end_with_stdin()
    limits = Limits(
        max_message_bytes=options.max_message_bytes,
        max_image_pixels=options.max_image_pixels,
        max_streams=options.max_streams,
        max_in_flight=options.max_in_flight,
        max_bytes_in_flight=options.max_bytes_in_flight,
    )
    config = ServerConfig(
        address=options.address,
        models=tuple(options.models),
        engine=replace(
            read_engine(options),
            max_batch=options.max_batch,
            batch_wait_s=1e-3 * options.batch_wait_ms,
        ),
        limits=limits,
        frame_threads=options.frame_threads,
        grace_s=options.grace_s,
        reuse_port=options.reuse_port,
        metrics_address=options.metrics_address,
        resume_targets=tuple(options.resume_target),
    )
    return serve.run(config, options.cache)


def add_demo(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of ``demo``."""
    add_engine(parser)
    parser.add_argument("--model", default="body", metavar="NAME")
    parser.add_argument("--source", help="image, folder, video file, camera index or RTSP URL")
    parser.add_argument("--output", type=Path, metavar="FILE", help="annotated image or video")
    add_tracking(parser)


def show_demo(options: Options) -> int:
    """Runs ``demo``; returns the exit code."""
    from posewire_server.tools.commands import demo

    return demo.run(
        demo.DemoConfig(
            cache=options.cache,
            source=options.source,
            output=options.output,
            engine=read_engine(options),
            model=options.model,
            tracking=read_tracking(options),
        )
    )
