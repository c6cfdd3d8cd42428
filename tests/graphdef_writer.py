"""Writes TensorFlow GraphDefs for tests: the reverse of the reader in models/importers."""

import struct
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

DTYPES = {np.dtype(np.float32): 1, np.dtype(np.int32): 3, np.dtype(np.int64): 9}

Attribute = str | int | float | Sequence[int] | npt.NDArray[np.generic]


def varint(value: int) -> bytes:
    value &= 0xFFFF_FFFF_FFFF_FFFF
    encoded = bytearray()
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def block(field: int, content: bytes | str) -> bytes:
    data = content.encode() if isinstance(content, str) else content
    return varint(field << 3 | 2) + varint(len(data)) + data


def tensor(value: npt.NDArray[np.generic]) -> bytes:
    shape = b"".join(block(2, number(1, size)) for size in value.shape)
    return number(1, DTYPES[value.dtype]) + block(2, shape) + block(4, value.tobytes())


def node(name: str, operation: str, inputs: Sequence[str] = (), **attributes: Attribute) -> bytes:
    fields = block(1, name) + block(2, operation) + b"".join(block(3, text) for text in inputs)
    return block(1, fields + _entries(attributes))


def placeholder(name: str, shape: Sequence[int]) -> bytes:
    """A node whose shape is known; -1 is a size that is free."""
    sizes = b"".join(block(2, number(1, size)) for size in shape)
    entry = block(1, "shape") + block(2, block(7, sizes))
    return block(1, block(1, name) + block(2, "Placeholder") + block(5, entry))


def constant(name: str, value: npt.NDArray[np.generic]) -> bytes:
    return node(name, "Const", value=value)


def _entries(attributes: Mapping[str, Attribute]) -> bytes:
    entries = (block(1, name) + block(2, _attribute(value)) for name, value in attributes.items())
    return b"".join(block(5, entry) for entry in entries)


def _attribute(value: Attribute) -> bytes:
    if isinstance(value, str):
        return block(2, value)
    if isinstance(value, bool):
        return number(5, value)
    if isinstance(value, int):
        return number(3, value)
    if isinstance(value, float):
        return varint(4 << 3 | 5) + struct.pack("<f", value)
    if isinstance(value, np.ndarray):
        return block(8, tensor(value))
    return block(1, block(3, b"".join(varint(item) for item in value)))
