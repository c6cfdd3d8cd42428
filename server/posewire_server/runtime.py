"""Cores of this process, and tuning of the libraries that it is about to import."""

import asyncio
import gc
import os
import sys
from collections.abc import Callable, MutableMapping


def available_cores() -> int:
    """Returns the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def tune_grpc(environ: MutableMapping[str, str]) -> None:
    """Sets defaults in the environment of a process that is about to import gRPC.

    The thread that waits for a socket polls it, without the threads of gRPC's event engine. gRPC
    does not prepare for forks: every child is another program at once. ``bench server`` shows the
    gain.
    """
    environ.setdefault("GRPC_EXPERIMENTS", "-event_engine_listener,-event_engine_client")
    environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")


def quieten_opencv(environ: MutableMapping[str, str]) -> None:
    """Silences OpenCV and its FFmpeg, which a process is about to import, about unusable files."""
    environ.setdefault("OPENCV_LOG_LEVEL", "ERROR")
    environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")


def freeze_garbage() -> None:
    """Exempts all present objects from garbage collection; what a server has loaded stays anyway.

    A collection that looks at all of it stops every thread of Python for some 60 ms.
    """
    gc.collect()
    gc.freeze()


def event_loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Returns the factory of event loops: uvloop if it is available, None for Python's own."""
    if sys.platform == "win32":
        return None
    import uvloop

    return uvloop.new_event_loop
