"""POSIX shared memory objects that the client of one stream has named.

A client may change the size of its object at any time. Reading a mapping of the lost part would end
the server by SIGBUS, so objects are read as files: a file that became shorter gives fewer bytes.
"""

import errno
import os
import re
import stat
import sys
import threading
import weakref
from collections import deque
from pathlib import Path
from typing import Final

import numpy as np

from posewire_server.errors import ErrorReason, SourceError

MAX_OBJECTS = 16  # that a stream may name
_SPARE_BUFFERS: Final = 2  # While one picture is in work, the next one is read.
_FOLDER: Final = Path("/dev/shm")  # noqa: S108  (Linux keeps the objects here)
_NAME: Final = re.compile(r"posewire-[A-Za-z0-9_.-]{1,200}", re.ASCII)
_FLAGS: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


class SharedMemory:
    """Objects of one client, each opened once and kept open; safe to use from several threads.

    Args:
        is_allowed: Whether the client is on this machine.
    """

    def __init__(self, *, is_allowed: bool) -> None:
        self._is_allowed = is_allowed
        self._opened: dict[str, int] = {}
        self._spare: deque[bytearray] = deque(maxlen=_SPARE_BUFFERS)
        self._lock = threading.Lock()

    def register(self, name: str) -> int:
        """Opens an object unless it is open, and returns its file descriptor.

        Raises:
            SourceError: SHARED_MEMORY_FORBIDDEN, SHARED_MEMORY_NOT_FOUND, SOURCE_UNIMPLEMENTED.
        """
        with self._lock:
            if name not in self._opened:
                self._check(name)
                self._opened[name] = _open(name)
            return self._opened[name]

    def read(self, name: str, offset: int, length: int) -> memoryview:
        """Copies a part of an object into a buffer, which is used again after its last view.

        Raises:
            SourceError: As :meth:`register`, or SHARED_MEMORY_OUT_OF_BOUNDS.
        """
        descriptor = self.register(name)
        end, size = offset + length, os.fstat(descriptor).st_size
        if end > size:
            raise _out_of_bounds(name, end, size)
        pixels = self._buffer(length)
        done = 0
        while done < length:
            count = os.preadv(descriptor, [pixels[done:]], offset + done)
            if count == 0:  # The object was made smaller meanwhile.
                raise _out_of_bounds(name, end, offset + done)
            done += count
        return pixels.toreadonly()

    def close(self) -> None:
        """Closes all objects."""
        with self._lock:
            self._spare.clear()
            while self._opened:
                os.close(self._opened.popitem()[1])

    def _buffer(self, length: int) -> memoryview:
        """Returns memory that no earlier picture uses any more; its content is undefined."""
        try:
            buffer = self._spare.pop()
        except IndexError:
            buffer = bytearray()
        if len(buffer) < length:
            buffer = bytearray(length)
        lent = np.frombuffer(buffer, np.uint8, length)  # All views of it keep it alive.
        weakref.finalize(lent, self._spare.append, buffer).atexit = False
        return lent.data

    def _check(self, name: str) -> None:
        if sys.platform != "linux":
            text = "shared memory is read on Linux only; send the pixels in raw_image"
            raise SourceError(ErrorReason.SOURCE_UNIMPLEMENTED, text, source="SharedMemoryImage")
        if not self._is_allowed:
            raise _forbidden(name, "its client is not on the server's machine")
        if not _NAME.fullmatch(name):
            raise _forbidden(name[:200], "its name is not 'posewire-' and some of A-Za-z0-9_.-")
        if len(self._opened) == MAX_OBJECTS:
            raise _forbidden(name, f"the stream has named {MAX_OBJECTS} others, as many as may be")


def _open(name: str) -> int:
    try:
        descriptor = os.open(_FOLDER / name, _FLAGS)
    except FileNotFoundError:
        text = f"there is no shared memory object '{name}'; create it, unlink it after its outcome"
        raise SourceError(ErrorReason.SHARED_MEMORY_NOT_FOUND, text, name=name) from None
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EPERM, errno.ELOOP, errno.ENXIO):
            raise _forbidden(name, "the server may not open it") from error
        raise
    status = os.fstat(descriptor)
    if stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid():
        return descriptor
    os.close(descriptor)
    raise _forbidden(name, "it is not of the user that the server runs as")


def _forbidden(name: str, why: str) -> SourceError:
    text = f"shared memory object '{name}' is not read: {why}; send the pixels in raw_image"
    return SourceError(ErrorReason.SHARED_MEMORY_FORBIDDEN, text, name=name)


def _out_of_bounds(name: str, expected: int, got: int) -> SourceError:
    bounds = f"has {got} bytes, the image ends at {expected}"
    text = f"shared memory object '{name}' {bounds}; enlarge it"
    reason = ErrorReason.SHARED_MEMORY_OUT_OF_BOUNDS
    return SourceError(reason, text, name=name, expected_bytes=expected, got_bytes=got)
