"""Reader of state dictionaries of Paddle's layers (.pdparams) without Paddle.

Source: ``paddle.save`` of a state dictionary: a pickle of NumPy arrays by the parameter's name.
"""

import io
import math
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from posewire_server.models.weights.importers.originals.state_layers import State
from posewire_server.models.weights.importers.originals.tensor_unpickler import (
    Call,
    Global,
    read_pickle,
)
from posewire_server.models.weights.importers.program.import_errors import unreadable
from posewire_server.models.weights.importers.program.layers import Floats

MAX_RANK: Final = 8
_DTYPES: Final = ("f2", "f4", "f8", "i4", "i8")
_damaged: Final = partial(unreadable, "state dictionary")


def read_paddle_state(path: Path) -> State:
    """Returns the parameters of a .pdparams file by name, as float32.

    Raises:
        WeightsError: WEIGHTS_DAMAGED if it is not a pickle of arrays by name.
    """
    table = read_pickle(io.BytesIO(path.read_bytes()))
    if not isinstance(table, dict):
        raise _damaged("it holds no dictionary")
    arrays = {name: _find_array(value) for name, value in table.items()}
    return {str(name): array for name, array in arrays.items() if array is not None}


def _find_array(value: Any) -> Floats | None:
    """Returns the array of an entry, which may stand beside its name; None for other entries."""
    match value:
        case Call(Global(name="tuple"), (pair,)):
            value = pair
    if isinstance(value, tuple) and len(value) == 2:
        value = value[1]
    match value:
        case Call(Global(name="_reconstruct"), _, (_, shape, dtype, is_fortran, content)):
            return _read_array(shape, dtype, content, "F" if is_fortran else "C")
        case Call(Global(name="_frombuffer"), (content, dtype, shape, order)):
            return _read_array(shape, dtype, content, order)
    return None


def _read_array(shape: Any, dtype: Any, content: Any, order: Any) -> Floats:
    kind, data = _read_dtype(dtype), _read_bytes(content)
    if not isinstance(shape, tuple) or not all(type(size) is int and size >= 0 for size in shape):
        raise _damaged("the shape of an array is not a tuple of sizes")
    if len(shape) > MAX_RANK or math.prod(shape) * kind.itemsize != len(data):
        raise _damaged(f"an array has {len(data)} bytes for the shape {shape}")
    array = np.frombuffer(data, kind).reshape(shape, order="F" if order == "F" else "C")
    return array.astype(np.float32)


def _read_dtype(value: Any) -> "np.dtype[Any]":
    match value:
        case Call(arguments=(name, *_), state=state) if name in _DTYPES:
            is_big = isinstance(state, tuple) and state[1:2] == (">",)
            return np.dtype(f"{'>' if is_big else '<'}{name}")
    raise _damaged("an array has a type other than floats and whole numbers")


def _read_bytes(value: Any) -> bytes | bytearray:
    match value:
        case Call(Global("_codecs", "encode"), (str(text), *_)) if all(ord(c) < 256 for c in text):
            return text.encode("latin-1")
        case Call(Global(name="bytes"), ()):
            return b""
        case bytes() | bytearray():
            return value
    raise _damaged("the content of an array is not bytes")
