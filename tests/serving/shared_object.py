"""A shared memory object as a client in any language makes it."""

import os
import secrets
from pathlib import Path
from typing import Any, Self

from posewire.v1 import frame_pb2

FOLDER = Path("/dev/shm")


class SharedObject:
    """An object in shared memory; gone at the end of the ``with`` block.

    Attributes:
        name: Its name.
        path: Where Linux keeps it.
    """

    def __init__(self, content: bytes, *, name: str = "") -> None:
        self.name = name or f"posewire-test-{secrets.token_hex(6)}"
        self.path = FOLDER / self.name
        self.descriptor = os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        os.pwrite(self.descriptor, content, 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.descriptor)
        self.path.unlink(missing_ok=True)

    def resize(self, size: int) -> None:
        """Makes it larger or smaller."""
        os.ftruncate(self.descriptor, size)

    def image(self, offset: int, length: int, **layout: Any) -> frame_pb2.SharedMemoryImage:
        """Returns the message of a picture in it."""
        raw = frame_pb2.RawImage(**layout)
        return frame_pb2.SharedMemoryImage(name=self.name, offset=offset, length=length, layout=raw)
