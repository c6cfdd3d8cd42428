"""Reader of TensorFlow.js graph models: a model.json and the shards of its weights.

Source: the format that tensorflowjs_converter writes (tfjs-converter, ``graph-model``), the JSON
form of a GraphDef whose constants are in a weights manifest, whole or quantised to fewer bits.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from google.protobuf import json_format

from posewire_server.errors import LocalReason, WeightsError
from posewire_server.models.weights.importers.graphdef.graphdef import (
    MAX_ELEMENTS,
    MAX_RANK,
    Node,
    read_nodes,
)
from posewire_server.models.weights.importers.graphdef.graphdef_pb2 import GraphModel, StoredWeights
from posewire_server.models.weights.importers.program.emitter import Array
from posewire_server.models.weights.importers.program.import_errors import find_file, unreadable

MAX_JSON_BYTES: Final = 1 << 25
MAX_WEIGHTS_BYTES: Final = 1 << 30
_DTYPES: Final[Mapping[str, str]] = {"float32": "<f4", "int32": "<i4", "bool": "|b1"}
_QUANTISED: Final[Mapping[str, str]] = {"uint8": "|u1", "uint16": "<u2", "float16": "<f2"}
_damaged: Final = partial(unreadable, "TensorFlow.js graph model")


def read_graph_model(folder: Path) -> list[Node]:
    """Returns the nodes of the one graph model of a folder, each after the nodes it reads.

    Raises:
        WeightsError: WEIGHTS_DAMAGED if the JSON or a shard is cut short or is something else;
            WEIGHTS_UNSUPPORTED for a layers model and for weights of unknown types.
    """
    model = _read_json(find_file(folder, ".json"))
    if model.format != "graph-model":
        text = f"it is a {model.format!r}; convert it with tensorflowjs_converter to a graph model"
        raise WeightsError(LocalReason.WEIGHTS_UNSUPPORTED, text)
    weights: dict[str, Array] = {}
    for group in model.weights_manifest:
        content = memoryview(_read_shards(folder, group.paths))
        for name, value in _split(content, group.weights):
            if name in weights:
                raise _damaged(f"the weights of {name!r} appear twice")
            weights[name] = value
    return read_nodes(model.model_topology, weights)


def _read_json(path: Path) -> GraphModel:
    if path.stat().st_size > MAX_JSON_BYTES:
        raise _damaged(f"{path.name} has {path.stat().st_size} bytes, more than {MAX_JSON_BYTES}")
    try:
        return json_format.Parse(path.read_bytes(), GraphModel(), ignore_unknown_fields=True)
    except (json_format.ParseError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise _damaged(f"{path.name} is of another form ({error})") from error


def _read_shards(folder: Path, names: Sequence[str]) -> bytes:
    """Joins files of the folder itself; a path that leads elsewhere is none of them."""
    files = {path.name: path for path in folder.iterdir() if path.is_file()}
    absent = [name for name in names if name not in files]
    if absent:
        raise _damaged(f"the shard {absent[0]!r} of the weights is not beside the model")
    size = sum(files[name].stat().st_size for name in names)
    if size > MAX_WEIGHTS_BYTES:
        raise _damaged(f"the weights have {size} bytes, more than {MAX_WEIGHTS_BYTES}")
    return b"".join(files[name].read_bytes() for name in names)


def _split(content: memoryview, entries: Sequence[StoredWeights]) -> Iterator[tuple[str, Array]]:
    offset = 0
    for entry in entries:
        name, shape, dtype = entry.name, list(entry.shape), _stored_dtype(entry)
        if len(shape) > MAX_RANK or min(shape, default=0) < 0 or math.prod(shape) > MAX_ELEMENTS:
            raise _damaged(f"the weights of {name!r} have the shape {shape}")
        size = math.prod(shape) * dtype.itemsize
        if size > len(content) - offset:
            raise _damaged(f"the weights end within {name!r}")
        stored = np.frombuffer(content[offset : offset + size], dtype)
        yield name, _restore(entry, stored).reshape(shape)
        offset += size
    if offset != len(content):
        raise _damaged(f"{len(content) - offset} bytes of weights belong to no constant")


def _stored_dtype(entry: StoredWeights) -> np.dtype[Any]:
    is_quantised = entry.HasField("quantization")
    known = _QUANTISED if is_quantised else _DTYPES
    kind = entry.quantization.dtype if is_quantised else entry.dtype
    if kind not in known or (is_quantised and entry.dtype != "float32"):
        text = f"the weights of {entry.name!r} have the type {kind!r}; known: {', '.join(known)}"
        raise WeightsError(LocalReason.WEIGHTS_UNSUPPORTED, text, node=entry.name)
    return np.dtype(known[kind])


def _restore(entry: StoredWeights, stored: npt.NDArray[Any]) -> Array:
    """Undoes the quantisation: value = stored * scale + min, computed in float32 as tfjs does."""
    if not entry.HasField("quantization"):
        return stored
    if stored.dtype == np.float16:
        return stored.astype(np.float32)
    quantization = entry.quantization
    if not quantization.HasField("scale") or not quantization.HasField("min"):
        raise _damaged(f"the quantised weights of {entry.name!r} have no scale or no min")
    with np.errstate(all="ignore"):
        return stored * np.float32(quantization.scale) + np.float32(quantization.min)
