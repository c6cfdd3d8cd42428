"""``serve`` and ``demo``."""

import argparse
from dataclasses import replace
from pathlib import Path

from posewire_server.cli.options import Options, add_engine, count, count_or_zero, read_engine
from posewire_server.cli.tracking import add_tracking, read_tracking
from posewire_server.cli.workers import serve_with_workers
from posewire_server.workers.lifeline import end_with_stdin


def add_serve(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of ``serve``."""
    add_engine(parser)
    parser.add_argument("--address", default="127.0.0.1:50051", help="host:port or unix:/path")
    parser.add_argument("--models", nargs="+", default=["body"], metavar="NAME")
    at_once = "frames worked on at once; 0: 2, or what fills batches where they pay"
    parser.add_argument("--frame-threads", type=count_or_zero, default=0, help=at_once)
    parser.add_argument("--grace-s", type=float, default=10.0, help="longest drain after SIGTERM")
    resume = "where clients are told to go on when this server drains, best first"
    parser.add_argument("--resume-target", nargs="+", default=[], metavar="NAME", help=resume)
    parser.add_argument("--workers", type=count, default=1, help="processes behind the address")
    orphan = "end at once when standard input does: for what starts servers"
    parser.add_argument("--end-with-stdin", action="store_true", help=orphan)
    metrics = "host:port where Prometheus may read; default: nowhere"
    parser.add_argument("--metrics-address", default="", metavar="ADDRESS", help=metrics)
    parser.add_argument("--reuse-port", action="store_true", help="share the port with others")
    batching = parser.add_argument_group("batching", "where it pays, as measured at the start")
    batching.add_argument("--max-batch", type=count, default=8, help="most inputs to join; 1: none")
    wait = "longest time that a frame waits for others to join it"
    batching.add_argument("--batch-wait-ms", type=float, default=4.0, help=wait)
    limits = parser.add_argument_group("limits")
    limits.add_argument("--max-message-bytes", type=count, default=32 * 1024 * 1024)
    limits.add_argument("--max-image-pixels", type=count, default=40_000_000)
    limits.add_argument("--max-streams", type=count, default=100)
    limits.add_argument("--max-in-flight", type=count, default=16)
    limits.add_argument("--max-bytes-in-flight", type=count, default=512 * 1024 * 1024)


def serve_models(options: Options) -> int:
    """Runs ``serve``; returns the exit code."""
    return _serve_alone(options) if options.workers == 1 else serve_with_workers(options)


def _serve_alone(options: Options) -> int:
    from posewire_server.commands import serve
    from posewire_server.rpc.app import ServerConfig
    from posewire_server.rpc.models import Limits

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
    from posewire_server.commands import demo

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
