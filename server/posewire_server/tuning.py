"""What a process that moves pictures through gRPC asks of gRPC and of the C library.

``bench server`` measures both: together they take about a third off a raw frame's way.
"""

import ctypes
from collections.abc import MutableMapping
from contextlib import suppress

_MALLOC_TRIM_THRESHOLD, _MALLOC_MMAP_THRESHOLD = -1, -3
_MEBIBYTE = 1 << 20


def poll_directly(environ: MutableMapping[str, str]) -> None:
    """Has the thread that waits for a socket poll it, without the threads of gRPC's event engine.

    Args:
        environ: The environment of this process before it imports gRPC; what is set there stays.
    """
    environ.setdefault("GRPC_EXPERIMENTS", "-event_engine_listener,-event_engine_client")


def keep_freed_memory() -> None:
    """Has pictures reuse memory that is mapped already, in place of a page fault each 4 KiB."""
    with suppress(AttributeError, OSError):  # not every C library has it
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_MALLOC_MMAP_THRESHOLD, 32 * _MEBIBYTE)
        mallopt(_MALLOC_TRIM_THRESHOLD, 256 * _MEBIBYTE)
