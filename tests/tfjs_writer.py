"""Writes TensorFlow.js graph models for tests: the reverse of the reader in models/importers."""

import base64
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Attribute = str | Sequence[int] | Sequence[str]


def node(name: str, operation: str, inputs: Sequence[str] = (), **attributes: Attribute) -> Any:
    attr = {key: _attribute(value) for key, value in attributes.items()}
    return {"name": name, "op": operation, "input": list(inputs), "attr": attr}


def entry(name: str, value: npt.NDArray[np.generic]) -> dict[str, Any]:
    return {"name": name, "shape": list(value.shape), "dtype": str(value.dtype)}


def write_model(
    folder: Path,
    nodes: Sequence[Any],
    constants: Mapping[str, npt.NDArray[np.generic]],
    shard_bytes: int = 1 << 20,
) -> None:
    """Writes model.json and its shards; a ``Const`` node is added for each constant."""
    content = b"".join(value.tobytes() for value in constants.values())
    shards = [content[i : i + shard_bytes] for i in range(0, len(content), shard_bytes)]
    paths = [f"group1-shard{index + 1}of{len(shards)}.bin" for index in range(len(shards))]
    for path, shard in zip(paths, shards, strict=True):
        (folder / path).write_bytes(shard)
    weights = [entry(name, value) for name, value in constants.items()]
    write_json(folder, [*(node(name, "Const") for name in constants), *nodes], paths, weights)


def write_json(folder: Path, nodes: Sequence[Any], paths: Sequence[Any], weights: Any) -> None:
    model = {
        "format": "graph-model",
        "modelTopology": {"node": list(nodes)},
        "weightsManifest": [{"paths": list(paths), "weights": weights}],
    }
    (folder / "model.json").write_text(json.dumps(model))


def _attribute(value: Attribute) -> Any:
    if isinstance(value, str):
        return {"s": _encode(value)}
    if all(isinstance(item, str) for item in value):
        return {"list": {"s": [_encode(str(item)) for item in value]}}
    return {"list": {"i": [str(item) for item in value]}}  # As protobuf's JSON writes int64.


def _encode(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
