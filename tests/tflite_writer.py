"""Writes TensorFlow Lite files for tests: the reverse of the readers in models/importers."""

import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from posewire_server.models.weights.importers.tflite.tflite import DTYPES, OPERATIONS

Array = npt.NDArray[np.generic]
# A number with its form in struct, a text, a list of numbers, a table, a list of tables.
Field = Any
Table = Mapping[int, Field]

CODES = {name: code for code, name in OPERATIONS.items()}
KINDS = {np.dtype(dtype): kind for kind, dtype in DTYPES.items()}
SAME, VALID = 0, 1


def byte(value: int) -> tuple[str, int]:
    return "b", value


def write_tables(root: Table, identifier: bytes = b"TFL3") -> bytes:
    """Returns a FlatBuffer; each table comes after its field numbers and before what it holds."""
    out = bytearray(4) + identifier
    struct.pack_into("<I", out, 0, _table(out, root))
    return bytes(out)


def _table(out: bytearray, fields: Table) -> int:
    count = max(fields, default=-1) + 1
    start = len(out)
    out += struct.pack("<HH", 4 + 2 * count, 4 + 4 * len(fields)) + bytes(2 * count)
    position = len(out)
    out += struct.pack("<i", position - start) + bytes(4 * len(fields))
    for slot, (number, value) in enumerate(fields.items(), start=1):
        struct.pack_into("<H", out, start + 4 + 2 * number, 4 * slot)
        place = position + 4 * slot
        if isinstance(value, tuple):
            struct.pack_into(f"<{value[0]}", out, place, value[1])
        elif isinstance(value, int):
            struct.pack_into("<i", out, place, value)
        else:
            struct.pack_into("<I", out, place, _child(out, value) - place)
    return position


def _child(out: bytearray, value: Field) -> int:
    if isinstance(value, Mapping):
        return _table(out, value)
    start = len(out)
    if isinstance(value, str | bytes):
        content = value.encode() if isinstance(value, str) else value
        out += struct.pack("<I", len(content)) + content
    elif isinstance(value, np.ndarray):
        out += struct.pack("<I", len(value)) + value.tobytes()
    else:
        out += struct.pack("<I", len(value)) + bytes(4 * len(value))
        for index, table in enumerate(value):
            place = start + 4 + 4 * index
            struct.pack_into("<I", out, place, _table(out, table) - place)
    return start


def numbers(values: Sequence[int]) -> Array:
    return np.array(values, "<i4")


class Network:
    """A network under construction; tensors are known by their numbers."""

    def __init__(self, shape: Sequence[int]) -> None:
        self.buffers: list[Table] = [{}]
        self.tensors: list[Table] = []
        self.codes: list[Table] = []
        self.operators: list[Table] = []
        self.image = self.tensor("image", shape)

    def tensor(self, name: str, shape: Sequence[int], **fields: Field) -> int:
        table = {0: numbers(shape), 1: byte(fields.get("kind", 0)), 3: name}
        table[2] = ("I", fields.get("buffer", 0))
        if "sparsity" in fields:
            table[6] = fields["sparsity"]
        self.tensors.append(table)
        return len(self.tensors) - 1

    def constant(self, value: Array, **fields: Field) -> int:
        self.buffers.append({0: np.frombuffer(value.tobytes(), np.uint8)})
        fields = {"kind": KINDS[value.dtype], "buffer": len(self.buffers) - 1, **fields}
        shape = fields.pop("shape", value.shape)
        return self.tensor(f"constant_{len(self.tensors)}", shape, **fields)

    def add(
        self,
        operation: str | int,
        inputs: Sequence[int],
        shape: Sequence[int],
        options: Table | None = None,
        name: str = "",
        custom: str = "",
    ) -> int:
        """Appends an operation; returns the number of its output."""
        output = self.tensor(name or f"{operation}_{len(self.tensors)}", shape)
        code = operation if isinstance(operation, int) else CODES[operation]
        self.codes.append({0: byte(min(code, 127)), 3: code} | ({1: custom} if custom else {}))
        operator: dict[int, Field] = {0: ("I", len(self.codes) - 1), 1: numbers(inputs)}
        operator |= {2: numbers([output])} | ({} if options is None else {3: byte(1), 4: options})
        self.operators.append(operator)
        return output

    def content(self, outputs: Sequence[int]) -> bytes:
        """Returns the file."""
        subgraph = {
            0: self.tensors,
            1: numbers([self.image]),
            2: numbers(outputs),
            3: self.operators,
        }
        return write_tables({0: 3, 1: self.codes, 2: [subgraph], 4: self.buffers})
