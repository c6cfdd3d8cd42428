"""Writes PyTorch's checkpoints for tests, of today (a zip) and of before version 1.6 (a row)."""

import io
import pickle
import struct
import zipfile
from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
MAGIC = 0x1950A86A20F9469CFC6C
MARK, TUPLE, CALL, PERSISTENT, STOP = b"(", b"t", b"R", b"Q", b"."


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def name(module: str, attribute: str) -> bytes:
    return f"c{module}\n{attribute}\n".encode()


def pack(items: Iterable[bytes]) -> bytes:
    return MARK + b"".join(items) + TUPLE


def integer(value: int) -> bytes:
    return b"J" + struct.pack("<i", value)


def tensor(key: str, array: Array, kind: str, *, is_row: bool) -> bytes:
    """A tensor that lies in the storage of its own name."""
    steps = [stride // array.itemsize for stride in array.strides]
    storage = [text("storage"), name("torch", kind), text(key), text("cpu"), integer(array.size)]
    arguments = [
        pack([*storage, b"N"] if is_row else storage) + PERSISTENT,
        integer(0),
        pack(map(integer, array.shape)),
        pack(map(integer, steps)),
        b"\x89",
        name("collections", "OrderedDict") + b")R",
    ]
    return name("torch._utils", "_rebuild_tensor_v2") + pack(arguments) + CALL


def table(state: Mapping[str, Array], kind: str, *, is_row: bool) -> bytes:
    """A checkpoint as MSRA writes it: the state dictionary beside other entries."""
    entries = b"".join(
        text(f"module.{entry}") + tensor(str(index), array, kind, is_row=is_row)
        for index, (entry, array) in enumerate(state.items())
    )
    inner = name("collections", "OrderedDict") + b")R" + MARK + entries + b"u"
    return b"\x80\x02}(" + text("epoch") + integer(140) + text("state_dict") + inner + b"u" + STOP


def torch_zip(state: Mapping[str, Array], kind: str = "FloatStorage") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", table(state, kind, is_row=False))
        for index, array in enumerate(state.values()):
            archive.writestr(f"archive/data/{index}", array.tobytes())
    return file.getvalue()


def torch_row(state: Mapping[str, Array], kind: str = "FloatStorage") -> bytes:
    keys = [str(index) for index in range(len(state))]
    head = [pickle.dumps(value, protocol=2) for value in (MAGIC, 1001, {"little_endian": True})]
    storages = [struct.pack("<q", array.size) + array.tobytes() for array in state.values()]
    keys_pickle = pickle.dumps(keys, protocol=2)
    return b"".join([*head, table(state, kind, is_row=True), keys_pickle, *storages])
