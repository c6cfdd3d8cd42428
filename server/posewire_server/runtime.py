"""The cores of this process, and the tuning of the libraries it is about to import."""

import asyncio
import gc
import os
import sys
from collections.abc import Callable, MutableMapping


def available_cores() -> int:
    """Returns the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def tune_grpc(environ: MutableMapping[str, str]) -> None:
    """Has the thread that waits for a socket poll it, without the threads of gRPC's event engine.

    Nor does gRPC prepare for forks: every child of ours is another program at once. ``bench
    server`` shows the gain.

    Args:
        environ: The environment of this process before it imports gRPC; what is set there stays.
    """
    environ.setdefault("GRPC_EXPERIMENTS", "-event_engine_listener,-event_engine_client")
    environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")


def quieten_opencv(environ: MutableMapping[str, str]) -> None:
    """Has OpenCV and its FFmpeg leave it to us to say what could not be opened.

    Args:
        environ: The environment of this process before it imports OpenCV; what is set there stays.
    """
    environ.setdefault("OPENCV_LOG_LEVEL", "ERROR")
    environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")


def freeze_garbage() -> None:
    """Has the collector leave alone what is there by now: what a server has loaded stays anyway.

    A collection that looks at all of it stops every thread of Python for some 60 ms.
    """
    gc.collect()
    gc.freeze()


def event_loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Returns what makes event loops: uvloop where there is one, None for Python's own."""
    if sys.platform == "win32":
        return None
    import uvloop

    return uvloop.new_event_loop
