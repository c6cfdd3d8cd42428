"""Options of ``serve``."""

import argparse
import sys
from collections.abc import Sequence
from functools import partial

from posewire_server.cli.options import (
    Options,
    add_common,
    add_engine,
    non_negative_int,
    positive_int,
    read_config,
    read_engine,
    seconds,
)
from posewire_server.inference.engine.engine_config import EngineConfig
from posewire_server.runtime import available_cores
from posewire_server.serving.rpc.server_config import Limits, ServerConfig


def add_serve(parser: argparse.ArgumentParser) -> None:
    """Adds the options of ``serve``."""
    add_common(parser, _serve)
    add_engine(parser)
    address = f"host:port or unix:/path; default: {ServerConfig.address}"
    parser.add_argument("--address", help=address)
    models = f"models to serve; default: {' '.join(ServerConfig.models)}"
    parser.add_argument("--models", nargs="+", metavar="NAME", help=models)
    threads = "frames worked on at once; 0: 2, or as many as fill batches"
    parser.add_argument("--frame-threads", type=non_negative_int, metavar="N", help=threads)
    grace = f"longest drain after SIGTERM; default: {ServerConfig.grace_s:g}"
    parser.add_argument("--grace-s", type=seconds, metavar="SECONDS", help=grace)
    targets = "servers that clients resume on when this one drains, best first"
    parser.add_argument("--resume-targets", nargs="+", metavar="ADDRESS", help=targets)
    workers = f"processes behind the address; default: {ServerConfig.workers}"
    parser.add_argument("--workers", type=positive_int, metavar="N", help=workers)
    stdin = "end at once if standard input ends: for processes that start servers"
    parser.add_argument("--end-with-stdin", action="store_true", default=False, help=stdin)
    metrics = "host:port of the metrics for Prometheus; default: none"
    parser.add_argument("--metrics-address", metavar="ADDRESS", help=metrics)
    parser.add_argument("--reuse-port", action="store_true", help="share the port with others")
    group = parser.add_argument_group("batching", "used if a measurement finds that it pays")
    batch = f"most inputs of one run, 1: no batching; default: {EngineConfig.max_batch}"
    group.add_argument("--max-batch", type=positive_int, metavar="N", help=batch)
    wait = f"longest wait of a frame for others of its batch; default: {EngineConfig.batch_wait_s}"
    group.add_argument("--batch-wait-s", type=seconds, metavar="SECONDS", help=wait)
    group = parser.add_argument_group("limits")
    for name, what in (
        ("message-bytes", "of one request"),
        ("image-pixels", "of one picture"),
        ("streams", "open at once"),
        ("in-flight", "frames of one stream that wait for their outcomes"),
        ("bytes-in-flight", "of the frames of all streams"),
    ):
        default = getattr(Limits, f"max_{name.replace('-', '_')}")
        limit = f"{what}; default: {default}"
        group.add_argument(f"--max-{name}", type=positive_int, metavar="N", help=limit)


def _serve(options: Options) -> int:
    from posewire_server.serving.front.worker_process import end_with_stdin
    from posewire_server.tools.commands import serve

    if options.end_with_stdin:
        end_with_stdin()
    config = read_config(
        ServerConfig, options, engine=read_engine(options), limits=read_config(Limits, options)
    )
    return serve.run(config, options.cache, partial(worker_command, options.arguments, config))


def worker_command(arguments: Sequence[str], config: ServerConfig, address: str) -> list[str]:
    """Returns the command line of a worker: that of the front, then the worker's own options."""
    threads = config.engine.threads or max(1, available_cores() // config.workers)
    own = {"--workers": 1, "--address": address, "--threads": threads, "--metrics-address": ""}
    words = [str(word) for option in own.items() for word in option]
    command = [sys.executable, "-m", "posewire_server", *arguments]
    return [*command, *words, "--end-with-stdin"]
