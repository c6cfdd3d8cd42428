"""Reads a TensorFlow.js graph model: a model.json and the shards of its weights.

Source: the format that tensorflowjs_converter writes (tfjs-converter, ``graph-model``), the JSON
form of a GraphDef whose constants are in a weights manifest, whole or quantised to fewer bits.
"""

import json
import math
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt
from google.protobuf import json_format

from posewire_server.errors import LocalReason, WeightsError
from posewire_server.models.weights.importers.graphdef.graphdef import (
    MAX_ELEMENTS,
    MAX_RANK,
    Array,
    Node,
    read_nodes,
)
from posewire_server.models.weights.importers.graphdef.graphdef_pb2 import GraphDef
from posewire_server.models.weights.importers.program.import_errors import find_file, unreadable

MAX_JSON_BYTES: Final = 1 << 25
MAX_WEIGHTS_BYTES: Final = 1 << 30
_DTYPES: Final[Mapping[str, str]] = {"float32": "<f4", "int32": "<i4", "bool": "|b1"}
_QUANTISED: Final[Mapping[str, str]] = {"uint8": "|u1", "uint16": "<u2", "float16": "<f2"}

Json = Mapping[str, Any]
_Kind = TypeVar("_Kind")
_EXPECTED: Final[Mapping[type, str]] = {
    dict: "fields are",
    int: "an integer is",
    list: "a list is",
    str: "a string is",
}
_damaged: Final = partial(unreadable, "TensorFlow.js graph model")


def read_graph_model(folder: Path) -> list[Node]:
    """Returns the nodes of the one graph model of a folder, each after the nodes it reads.

    Raises:
        WeightsError: WEIGHTS_DAMAGED if the JSON or a shard is cut short or is something else;
            WEIGHTS_UNSUPPORTED for a layers model and for weights of unknown types.
    """
    model = _read_json(find_file(folder, ".json"))
    if model.get("format", "graph-model") != "graph-model":
        text = (
            f"it is a {model['format']!r}; convert it with tensorflowjs_converter to a graph model"
        )
        raise WeightsError(LocalReason.WEIGHTS_UNSUPPORTED, text)
    weights = _read_weights(folder, _items(model.get("weightsManifest")))
    topology = _fields(model.get("modelTopology"))
    try:
        graph = json_format.ParseDict(dict(topology), GraphDef(), ignore_unknown_fields=True)
    except (json_format.ParseError, ValueError, TypeError, AttributeError) as error:
        raise _damaged(f"its graph is of another form ({error})") from error
    return read_nodes(graph, weights)


def _read_json(path: Path) -> Json:
    if path.stat().st_size > MAX_JSON_BYTES:
        raise _damaged(f"{path.name} has {path.stat().st_size} bytes, more than {MAX_JSON_BYTES}")
    try:
        return _fields(json.loads(path.read_bytes()))
    except (ValueError, RecursionError) as error:
        raise _damaged(f"{path.name} is not JSON ({error})") from error


def _read_weights(folder: Path, groups: list[Any]) -> dict[str, Array]:
    weights: dict[str, Array] = {}
    for group in map(_fields, groups):
        content = memoryview(_read_shards(folder, _items(group.get("paths"))))
        for name, value in _split(content, _items(group.get("weights"))):
            if name in weights:
                raise _damaged(f"the weights of {name!r} appear twice")
            weights[name] = value
    return weights


def _read_shards(folder: Path, paths: list[Any]) -> bytes:
    """Joins files of the folder itself; a path that leads elsewhere is none of them."""
    files = {path.name: path for path in folder.iterdir() if path.is_file()}
    names = [_string(path) for path in paths]
    absent = [name for name in names if name not in files]
    if absent:
        raise _damaged(f"the shard {absent[0]!r} of the weights is not beside the model")
    size = sum(files[name].stat().st_size for name in names)
    if size > MAX_WEIGHTS_BYTES:
        raise _damaged(f"the weights have {size} bytes, more than {MAX_WEIGHTS_BYTES}")
    return b"".join(files[name].read_bytes() for name in names)


def _split(content: memoryview, entries: list[Any]) -> Iterator[tuple[str, Array]]:
    offset = 0
    for entry in map(_fields, entries):
        name = _string(entry.get("name"))
        shape, dtype = _shape(name, entry), _stored_dtype(name, entry)
        size = math.prod(shape) * dtype.itemsize
        if size > len(content) - offset:
            raise _damaged(f"the weights end within {name!r}")
        stored = np.frombuffer(content[offset : offset + size], dtype)
        yield name, _restore(entry, stored).reshape(shape)
        offset += size
    if offset != len(content):
        raise _damaged(f"{len(content) - offset} bytes of weights belong to no constant")


def _stored_dtype(name: str, entry: Json) -> np.dtype[Any]:
    quantization = entry.get("quantization")
    known = _QUANTISED if quantization else _DTYPES
    kind = _string((_fields(quantization) if quantization else entry).get("dtype"))
    if kind not in known or (quantization and entry.get("dtype") != "float32"):
        text = f"the weights of {name!r} have the type {kind!r}; known: {', '.join(known)}"
        raise WeightsError(LocalReason.WEIGHTS_UNSUPPORTED, text, node=name)
    return np.dtype(known[kind])


def _restore(entry: Json, stored: npt.NDArray[Any]) -> Array:
    """Undoes the quantisation: value = stored * scale + min, computed in float32 as tfjs does."""
    quantization = entry.get("quantization")
    if not quantization:
        return stored
    if stored.dtype == np.float16:
        return stored.astype(np.float32)
    scale, minimum = (_number(quantization.get(key)) for key in ("scale", "min"))
    with np.errstate(all="ignore"):
        return stored * np.float32(scale) + np.float32(minimum)


def _shape(name: str, entry: Json) -> list[int]:
    shape = [_expect(int, size) for size in _items(entry.get("shape"))]
    if len(shape) > MAX_RANK or min(shape, default=0) < 0 or math.prod(shape) > MAX_ELEMENTS:
        raise _damaged(f"the weights of {name!r} have the shape {shape}")
    return shape


def _expect(kind: type[_Kind], value: Any) -> _Kind:
    if not isinstance(value, kind):
        raise _damaged(f"a {type(value).__name__} is where {_EXPECTED[kind]} expected")
    return value


def _fields(value: Any) -> Json:
    return _expect(dict, value)


def _items(value: Any) -> list[Any]:
    return _expect(list, value)


def _string(value: Any) -> str:
    return _expect(str, value)


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise _damaged(f"{value!r:.40} is where a number is expected") from error
