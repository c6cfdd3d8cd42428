"""POSIX shared memory of clients on this machine: the objects that one stream has named.

A client may change the size of its object at any time, and reading memory that shows it would then
end the server by SIGBUS. So objects are read as files, which just reads less; or what reads the
memory is made for it (``Planes`` with ``lost``), which saves the copy.
"""

import errno
import os
import re
import stat
import sys
import threading
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from posewire_server._native import map_file
from posewire_server.errors import SourceError

Bytes = npt.NDArray[np.uint8]

MAX_OBJECTS = 16
"""How many objects a stream may name."""

_LARGEST_MAPPED: Final = 1 << 30
_FOLDER: Final = Path("/dev/shm")  # noqa: S108  (where Linux keeps them)
_NAME: Final = re.compile(r"posewire-[A-Za-z0-9_.-]{1,200}", re.ASCII)
_FLAGS: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


class SharedMemory:
    """Opens each object once and keeps it open; safe to use from several threads.

    Args:
        is_allowed: Whether the client is on this machine.
    """

    def __init__(self, *, is_allowed: bool) -> None:
        self._is_allowed = is_allowed
        self._opened: dict[str, int] = {}
        self._mapped: dict[str, Bytes] = {}
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

    def descriptor(self, name: str, end: int) -> int:
        """Returns the file descriptor of an object that has so many bytes now.

        Raises:
            SourceError: As :meth:`register`, or SHARED_MEMORY_OUT_OF_BOUNDS.
        """
        descriptor = self.register(name)
        size = os.fstat(descriptor).st_size
        if end > size:
            raise out_of_bounds(name, end, size)
        return descriptor

    def view(self, name: str, offset: int, length: int) -> memoryview:
        """Returns a part of an object as it lies in the client's memory.

        It may only be read by what bears that the object is made smaller. Vast objects are not
        mapped into memory; of these it is a copy.

        Args:
            name: Of the object.
            offset: Where the part begins, in bytes.
            length: Of the part, in bytes; at least 1.

        Raises:
            SourceError: As :meth:`register`, or SHARED_MEMORY_OUT_OF_BOUNDS.
        """
        end = offset + length
        descriptor = self.descriptor(name, end)
        size = max(end, os.fstat(descriptor).st_size)
        if size > _LARGEST_MAPPED:
            return self.read(name, offset, length)
        with self._lock:
            mapped = self._mapped.get(name)
            if mapped is None or len(mapped) < end:
                mapped = self._mapped[name] = map_file(descriptor, size)
        return mapped[offset:end].data

    def lost(self, name: str, end: int) -> SourceError:
        """Forgets the memory of an object found shorter than ``end``; returns the error."""
        with self._lock:
            self._mapped.pop(name, None)
            descriptor = self._opened.get(name)
        return out_of_bounds(name, end, os.fstat(descriptor).st_size if descriptor else 0)

    def read(self, name: str, offset: int, length: int) -> memoryview:
        """Returns a copy of a part of an object.

        Args:
            name: Of the object.
            offset: Where the part begins, in bytes.
            length: Of the part, in bytes.

        Raises:
            SourceError: As :meth:`register`, or SHARED_MEMORY_OUT_OF_BOUNDS.
        """
        descriptor = self.descriptor(name, offset + length)
        view = np.empty(length, np.uint8).data  # Not cleared, unlike a bytearray.
        done = 0
        while done < length:
            count = os.preadv(descriptor, [view[done:]], offset + done)
            if count == 0:  # It was made smaller meanwhile.
                raise out_of_bounds(name, offset + length, offset + done)
            done += count
        return view.toreadonly()

    def close(self) -> None:
        """Closes all objects."""
        with self._lock:
            self._mapped.clear()  # Each ends with its last view.
            while self._opened:
                os.close(self._opened.popitem()[1])

    def _check(self, name: str) -> None:
        if sys.platform != "linux":
            text = "shared memory is read on Linux only; send the pixels in raw_image"
            raise SourceError("SOURCE_UNIMPLEMENTED", text, source="SharedMemoryImage")
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
        raise SourceError("SHARED_MEMORY_NOT_FOUND", text, name=name) from None
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
    return SourceError("SHARED_MEMORY_FORBIDDEN", text, name=name)


def out_of_bounds(name: str, expected: int, got: int) -> SourceError:
    """Returns the error of an image that does not lie within an object."""
    text = f"shared memory object '{name}' has {got} bytes, the image ends at {expected}"
    counts = {"expected_bytes": expected, "got_bytes": got}
    return SourceError("SHARED_MEMORY_OUT_OF_BOUNDS", text + "; enlarge it", name=name, **counts)
