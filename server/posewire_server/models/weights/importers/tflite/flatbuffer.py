"""Reader of FlatBuffers without a schema; no package of TensorFlow Lite is needed.

Source: the internals guide of FlatBuffers (little-endian; offsets to tables, vtables and vectors).
"""

import struct
from functools import partial
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from posewire_server.models.weights.importers.program.import_errors import unreadable

MAX_ENTRIES: Final = 1 << 14
MAX_TEXT: Final = 1 << 12

Array: TypeAlias = npt.NDArray[np.generic]
_damaged: Final = partial(unreadable, "FlatBuffer")


class Table:
    """Fields of one table, by their number in the schema.

    Vectors of numbers are views of the input. Every offset and size is checked, and read on demand
    only, which bounds the work.

    Raises:
        WeightsError: WEIGHTS_DAMAGED if the bytes are not a table, or a list or text is longer than
            any network's.
    """

    def __init__(self, content: memoryview, position: int) -> None:
        self._content = content
        self._position = position
        self._vtable = position - self._number("<i", position)
        self._fields = (self._number("<H", self._vtable) - 4) // 2

    @classmethod
    def root(cls, content: bytes, identifier: bytes) -> "Table":
        """Returns the outermost table of a file that carries an identifier of four bytes."""
        if content[4:8] != identifier:
            raise _damaged(f"it does not carry the identifier {identifier!r}")
        return cls(memoryview(content), int.from_bytes(content[:4], "little"))

    def integer(self, field: int, form: str = "i", default: int = 0) -> int:
        """Returns a number; ``form`` is that of ``struct``: b, B, H, i, I, Q."""
        position = self._field(field)
        return default if position is None else self._number(f"<{form}", position)

    def text(self, field: int) -> str:
        """Returns a string; empty if it is absent."""
        position = self._field(field)
        if position is None:
            return ""
        view = self._vector(self._follow(position), 1)
        if len(view) > MAX_TEXT:
            raise _damaged(f"a name of {len(view)} bytes")
        try:
            return str(view, "utf-8")
        except UnicodeDecodeError as error:
            raise _damaged("a name that is not UTF-8") from error

    def content(self, field: int, size: int = 1) -> memoryview:
        """Returns the bytes of a list of elements of a size; empty if it is absent."""
        position = self._field(field)
        return memoryview(b"") if position is None else self._vector(self._follow(position), size)

    def numbers(self, field: int, dtype: npt.DTypeLike) -> Array:
        """Returns a list of numbers of one type, a view; empty if it is absent."""
        kind = np.dtype(dtype)
        return np.frombuffer(self.content(field, kind.itemsize), kind)

    def integers(self, field: int) -> tuple[int, ...]:
        """Returns a list of 32-bit integers."""
        values = self.numbers(field, "<i4")
        if len(values) > MAX_ENTRIES:
            raise _damaged(f"a list of {len(values)} entries")
        return tuple(values.tolist())

    def table(self, field: int) -> "Table | None":
        """Returns a nested table; None if it is absent."""
        position = self._field(field)
        return None if position is None else Table(self._content, self._follow(position))

    def tables(self, field: int) -> list["Table"]:
        """Returns a list of nested tables; empty if it is absent."""
        position = self._field(field)
        if position is None:
            return []
        start = self._follow(position)
        count = len(self._vector(start, 4)) // 4
        if count > MAX_ENTRIES:
            raise _damaged(f"a list of {count} entries")
        places = range(start + 4, start + 4 + 4 * count, 4)
        return [Table(self._content, self._follow(place)) for place in places]

    def _field(self, field: int) -> int | None:
        """Returns the position of a field; None if it is absent and has its default."""
        if field >= self._fields:
            return None
        offset = self._number("<H", self._vtable + 4 + 2 * field)
        return self._position + offset if offset else None

    def _follow(self, position: int) -> int:
        return position + self._number("<I", position)

    def _vector(self, start: int, size: int) -> memoryview:
        length, left = size * self._number("<I", start), len(self._content) - start - 4
        if length > left:
            raise _damaged(f"{length} bytes are announced, but {left} are left")
        return self._content[start + 4 : start + 4 + length]

    def _number(self, form: str, position: int) -> int:
        if not 0 <= position <= len(self._content) - struct.calcsize(form):
            raise _damaged("an offset points outside of the file")
        value: int = struct.unpack_from(form, self._content, position)[0]
        return value
