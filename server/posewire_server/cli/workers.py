"""``serve --workers``: the front, and the command line of what is behind it."""

import sys

from posewire_server.cli.options import Options
from posewire_server.runtime import available_cores


def serve_with_workers(options: Options) -> int:
    """Runs ``serve`` with more than one process; returns the exit code."""
    from posewire_server.models.catalog.catalog import find_model
    from posewire_server.serving.front.front import FrontConfig
    from posewire_server.tools.commands import serve

    config = FrontConfig(
        address=options.address,
        models=tuple(find_model(name).name for name in options.models),
        workers=options.workers,
        max_streams=options.max_streams,
        max_message_bytes=options.max_message_bytes,
        grace_s=options.grace_s,
        reuse_port=options.reuse_port,
        metrics_address=options.metrics_address,
    )
    return serve.run_with_workers(
        config, lambda address: _worker_command(options, address), options.cache
    )


def _worker_command(options: Options, address: str) -> list[str]:
    """Returns the same command line, and what is different for a worker at its end."""
    threads = options.threads or max(1, available_cores() // options.workers)
    own = {"--workers": 1, "--address": address, "--threads": threads, "--metrics-address": ""}
    words = [str(word) for option in own.items() for word in option]
    command = [sys.executable, "-m", "posewire_server", *options.arguments]
    return [*command, *words, "--end-with-stdin"]
