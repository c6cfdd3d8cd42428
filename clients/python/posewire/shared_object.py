"""One object in POSIX shared memory, in equal slots; Linux only."""

import mmap
import os
import secrets
import sys
import weakref
from collections import deque
from dataclasses import dataclass
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Final

_FOLDER: Final = Path("/dev/shm")  # noqa: S108  (where Linux keeps them)


@dataclass(frozen=True, slots=True, eq=False)
class Slot:
    """Room for the pixels of one frame.

    Attributes:
        owner: The object it is in.
        offset: Where it begins, in bytes.
    """

    owner: "SharedObject"
    offset: int

    def write(self, pixels: memoryview) -> None:
        """Copies pixels to its front."""
        self.owner.memory[self.offset : self.offset + pixels.nbytes] = pixels

    def read(self, length: int) -> memoryview:
        """Returns a view of its front."""
        return self.owner.memory[self.offset : self.offset + length]


class SharedObject:
    """Memory with a name, for as long as the name is needed; nothing is left when a process dies.

    Until the name is gone, the resource tracker of ``multiprocessing`` stands by, a process that
    outlives this one where it is killed.

    Args:
        slots: How many pictures it holds.
        slot_bytes: Size of the largest.

    Attributes:
        name: Its name.
        slot_bytes: Room in a slot.
        memory: All of it.
        free: Where the slots that nobody uses begin, in bytes.
    """

    def __init__(self, slots: int, slot_bytes: int) -> None:
        self.name = f"posewire-{secrets.token_hex(8)}"
        self.slot_bytes = -(-slot_bytes // mmap.PAGESIZE) * mmap.PAGESIZE
        path = _FOLDER / self.name
        resource_tracker.register(f"/{self.name}", "shared_memory")
        self._unlink = weakref.finalize(self, _unlink, path)
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            os.ftruncate(descriptor, slots * self.slot_bytes)
            self.memory = memoryview(mmap.mmap(descriptor, slots * self.slot_bytes))
        finally:
            os.close(descriptor)
        # The one used last is the next: its memory is in use already.
        self.free = deque(number * self.slot_bytes for number in range(slots))

    def unlink(self) -> None:
        """Takes the name away; who has the object open keeps it."""
        self._unlink()


def is_available() -> bool:
    """Whether this system has such objects where they are looked for."""
    return sys.platform == "linux" and _FOLDER.is_dir()


def _unlink(path: Path) -> None:
    path.unlink(missing_ok=True)
    resource_tracker.unregister(f"/{path.name}", "shared_memory")
