"""Reader of PyTorch's checkpoints (.pth, .pth.tar) without PyTorch.

Source: ``torch.save``: today a zip with a pickle and one file for each storage; before version 1.6
a row of pickles, then the storages one after the other.
"""

import io
import math
import struct
import zipfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from posewire_server.errors import LocalReason, WeightsError
from posewire_server.models.weights.importers.originals.state_layers import State
from posewire_server.models.weights.importers.originals.tensor_unpickler import (
    Call,
    Global,
    Persistent,
    read_pickle,
)
from posewire_server.models.weights.importers.program.import_errors import unreadable
from posewire_server.models.weights.importers.program.layers import Floats

MAX_BYTES: Final = 4 << 30
MAX_GROWTH: Final = 4  # PyTorch does not compress.
MAX_RANK: Final = 8
_MAGIC: Final = 0x1950A86A20F9469CFC6C
_STORAGES: Final[Mapping[str, str]] = {
    "HalfStorage": "<f2",
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "IntStorage": "<i4",
    "LongStorage": "<i8",
}
Storages = Mapping[str, npt.NDArray[Any]]
_damaged: Final = partial(unreadable, "checkpoint of PyTorch")


def read_torch_state(path: Path) -> State:
    """Returns the parameters of a checkpoint by name, as float32.

    A checkpoint may be a state dictionary or hold one under ``state_dict``; the prefix ``module.``
    of parallel training is taken off.

    Raises:
        WeightsError: WEIGHTS_DAMAGED if it is not a checkpoint of PyTorch.
    """
    content = path.read_bytes()
    read = _read_zip if content.startswith(b"PK\x03\x04") else _read_row
    table, storages = read(io.BytesIO(content))
    if isinstance(table, dict) and isinstance(table.get("state_dict"), dict):
        table = table["state_dict"]
    if not isinstance(table, dict):
        raise _damaged("it holds no state dictionary")
    return {
        str(name).removeprefix("module."): _read_tensor(value, storages)
        for name, value in table.items()
        if isinstance(value, Call)
    }


def _read_zip(file: io.BytesIO) -> tuple[Any, Storages]:
    try:
        with zipfile.ZipFile(file) as archive:
            entries = {entry.filename: entry for entry in archive.infolist()}
            size = len(file.getbuffer())
            if sum(entry.file_size for entry in entries.values()) > MAX_GROWTH * size:
                raise _damaged(f"it unpacks to more than {MAX_GROWTH} times its {size} bytes")
            name = next((name for name in entries if name.endswith("/data.pkl")), "")
            if not name:
                raise _damaged("it has no data.pkl")
            folder = name.removesuffix("data.pkl")
            table = read_pickle(io.BytesIO(archive.read(name)))
            storages: dict[str, npt.NDArray[Any]] = {}
            for key, kind in _list_storages(table).items():
                content = archive.read(f"{folder}data/{key}")
                storages[key] = np.frombuffer(content, _storage_type(kind))
            return table, storages
    except (zipfile.BadZipFile, KeyError, ValueError, EOFError, RuntimeError, OSError) as error:
        raise _damaged(str(error)) from error


def _read_row(file: io.BytesIO) -> tuple[Any, Storages]:
    """Reads a number, a version, the system, the value, the names of storages, the storages."""
    if read_pickle(file) != _MAGIC:
        raise _damaged("it does not begin as one")
    _, _, table, keys = (read_pickle(file) for _ in range(4))
    kinds = _list_storages(table)
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise _damaged("it names no storages")
    storages: dict[str, npt.NDArray[Any]] = {}
    for key in keys:
        dtype = np.dtype(_storage_type(kinds.get(key, "FloatStorage")))
        (count,) = struct.unpack("<q", _read(file, 8))
        storages[key] = np.frombuffer(_read(file, count * dtype.itemsize), dtype)
    return table, storages


def _read(file: io.BytesIO, size: int) -> bytes:
    if not 0 <= size <= MAX_BYTES:
        raise _damaged(f"a storage has {size} bytes")
    content = file.read(size)
    if len(content) != size:
        raise _damaged("it is cut short")
    return content


def _list_storages(table: Any) -> dict[str, str]:
    """Returns the kind of each storage that a tensor of the checkpoint lies in."""
    tables = [table, *table.values()] if isinstance(table, dict) else []
    values = [value for each in tables if isinstance(each, dict) for value in each.values()]
    return dict(_find_storage(_find_tensor(each)[0]) for each in values if isinstance(each, Call))


def _read_tensor(value: Call, storages: Storages) -> Floats:
    reference, offset, shape, strides = _find_tensor(value)
    storage = storages[_find_storage(reference)[0]]
    are_sizes = all(type(n) is int and 0 <= n < 1 << 40 for n in (offset, *shape, *strides))
    if len(shape) != len(strides) or len(shape) > MAX_RANK or not are_sizes:
        raise _damaged("a tensor has no readable shape")
    end = offset + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
    if 0 in shape:
        return np.zeros(shape, np.float32)
    if end >= len(storage) or math.prod(shape) > len(storage):
        raise _damaged(f"a tensor of {shape} lies outside its storage of {len(storage)} numbers")
    steps = [stride * storage.itemsize for stride in strides]
    view = np.lib.stride_tricks.as_strided(storage[offset:], shape, steps, writeable=False)
    return view.astype(np.float32)


def _find_tensor(value: Call) -> tuple[Any, int, tuple[int, ...], tuple[int, ...]]:
    """Returns the storage, the offset, the shape and the strides of a tensor or parameter."""
    if value.function == ("torch._utils", "_rebuild_parameter") and value.arguments:
        value = value.arguments[0]
    match value:
        case Call(
            Global("torch._utils", "_rebuild_tensor_v2"),
            (storage, offset, tuple(shape), tuple(strides), *_),
        ):
            return storage, offset, shape, strides
    raise _damaged("an entry is not a tensor with a shape")


def _find_storage(reference: Any) -> tuple[str, str]:
    match reference:
        case Persistent(("storage", Global(name=kind), str(key), *_)):
            return key, kind
    raise _damaged("a tensor lies in no storage with a name")


def _storage_type(kind: str) -> str:
    if kind not in _STORAGES:
        text = f"the checkpoint has a {kind}; known are {', '.join(_STORAGES)}"
        raise WeightsError(LocalReason.WEIGHTS_UNSUPPORTED, text)
    return _STORAGES[kind]
