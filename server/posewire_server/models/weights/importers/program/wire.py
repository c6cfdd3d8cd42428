"""Reads the protobuf wire format without a schema, so that no TensorFlow package is needed.

Source: the encoding guide of Protocol Buffers (varint, 64-bit, length-delimited, 32-bit fields).
"""

from collections import defaultdict
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from posewire_server.errors import LocalReason, WeightsError

VARINT: Final = 0
FIXED64: Final = 1
LENGTH_DELIMITED: Final = 2
FIXED32: Final = 5
_MASK32: Final = 0xFFFF_FFFF

Value: TypeAlias = int | memoryview


class Message:
    """The fields of one protobuf message, by field number, in the order they were written.

    Nothing is copied: values of length-delimited fields are views of the input. Estimates is linear
    in the bytes of this message alone, since nested messages are read only when asked for.

    Raises:
        WeightsError: WEIGHTS_DAMAGED where the bytes are not a protobuf message, or a field is of
            another kind than the one asked for.
    """

    def __init__(self, content: bytes | memoryview) -> None:
        self._fields: dict[int, list[Value]] = defaultdict(list)
        self._read(memoryview(content))

    def integers(self, number: int) -> list[int]:
        """Returns the signed 64-bit values of a field, packed or not."""
        numbers: list[int] = []
        for value in self._fields.get(number, ()):
            numbers.extend(_unpack_varints(value) if isinstance(value, memoryview) else [value])
        return [number - (1 << 64) if number >= 1 << 63 else number for number in numbers]

    def integer(self, number: int, default: int = 0) -> int:
        """Returns the last signed 64-bit value of a field, as protobuf does for scalars."""
        values = self.integers(number)
        return values[-1] if values else default

    def floats(self, number: int) -> npt.NDArray[np.float32]:
        """Returns the 32-bit floats of a field, packed or not."""
        packed = b"".join(
            value if isinstance(value, memoryview) else (value & _MASK32).to_bytes(4, "little")
            for value in self._fields.get(number, ())
        )
        if len(packed) % 4:
            raise _damaged(f"field {number} is not a list of 32-bit floats")
        return np.frombuffer(packed, "<f4")

    def content(self, number: int) -> list[memoryview]:
        """Returns the bytes of every occurrence of a length-delimited field."""
        values = self._fields.get(number, [])
        views = [value for value in values if isinstance(value, memoryview)]
        if len(views) != len(values):
            raise _damaged(f"field {number} is a number where bytes were expected")
        return views

    def messages(self, number: int) -> list["Message"]:
        """Returns every occurrence of a nested message."""
        return [Message(view) for view in self.content(number)]

    def message(self, number: int) -> "Message":
        """Returns the last occurrence of a nested message; an empty one where it is absent."""
        views = self.content(number)
        return Message(views[-1] if views else b"")

    def texts(self, number: int) -> list[str]:
        """Returns every occurrence of a string field."""
        try:
            return [str(view, "utf-8") for view in self.content(number)]
        except UnicodeDecodeError as error:
            raise _damaged(f"field {number} is not UTF-8") from error

    def text(self, number: int) -> str:
        """Returns the last occurrence of a string field; empty where it is absent."""
        values = self.texts(number)
        return values[-1] if values else ""

    def _read(self, view: memoryview) -> None:
        position = 0
        while position < len(view):
            key, position = _varint(view, position)
            value, position = _value(view, position, key & 7)
            if key >> 3 == 0:
                raise _damaged("a field has the number 0")
            self._fields[key >> 3].append(value)


def _value(view: memoryview, position: int, kind: int) -> tuple[Value, int]:
    if kind == VARINT:
        return _varint(view, position)
    if kind == LENGTH_DELIMITED:
        size, position = _varint(view, position)
        return _take(view, position, size), position + size
    if kind in (FIXED64, FIXED32):
        size = 8 if kind == FIXED64 else 4
        return int.from_bytes(_take(view, position, size), "little"), position + size
    raise _damaged(f"wire type {kind} is not supported")


def _take(view: memoryview, position: int, size: int) -> memoryview:
    if size > len(view) - position:
        raise _damaged(f"{size} bytes announced where {len(view) - position} are left")
    return view[position : position + size]


def _varint(view: memoryview, position: int) -> tuple[int, int]:
    value = 0
    for index, byte in enumerate(view[position : position + 10]):
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, position + index + 1
    raise _damaged("a varint does not end")


def _unpack_varints(view: memoryview) -> list[int]:
    values, position = [], 0
    while position < len(view):
        value, position = _varint(view, position)
        values.append(value)
    return values


def _damaged(what: str) -> WeightsError:
    return WeightsError(LocalReason.WEIGHTS_DAMAGED, f"not a readable protobuf message: {what}")
