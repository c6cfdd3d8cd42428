"""Whatever the files, the reader of graph models answers or raises WeightsError."""

import json
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from posewire_server.errors import WeightsError
from posewire_server.models.weights.importers.graphdef.tfjs import read_graph_model

from tests.tfjs_writer import node, write_model

CONSTANTS = {
    "filters": np.arange(54, dtype=np.float32).reshape(3, 3, 3, 2),
    "axis": np.array(3, np.int32),
}
NODES = [
    node("image", "Placeholder"),
    node("conv", "_FusedConv2D", ["image", "filters"], strides=[1, 2, 2, 1], fused_ops=["Relu6"]),
]
with tempfile.TemporaryDirectory() as _folder:
    write_model(Path(_folder), NODES, CONSTANTS)
    JSON = (Path(_folder) / "model.json").read_bytes()
    SHARD = (Path(_folder) / "group1-shard1of1.bin").read_bytes()

leaves = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["", "c", "w.bin"])
)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner),
    max_leaves=4,
)


def read_everything(model: bytes, shard: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "model.json").write_bytes(model)
        (Path(folder) / "group1-shard1of1.bin").write_bytes(shard)
        for each in read_graph_model(Path(folder)):
            each.integers("strides")
            each.texts("fused_ops")
            each.text("padding", "")
            if each.operation == "Const":
                each.constant()


def replace_somewhere(tree: Any, path: list[int], value: Any) -> Any:
    """Returns a tree of JSON with one of its places, found by taking turns, replaced."""
    if not path or not isinstance(tree, list | dict) or not tree:
        return value
    if isinstance(tree, list):
        index = path[0] % len(tree)
        return [*tree[:index], replace_somewhere(tree[index], path[1:], value), *tree[index + 1 :]]
    key = sorted(tree)[path[0] % len(tree)]
    return {**tree, key: replace_somewhere(tree[key], path[1:], value)}


def test_read_everything_unaltered_succeeds() -> None:
    read_everything(JSON, SHARD)


@given(st.binary(max_size=200), st.binary(max_size=300))
def test_read_graph_model_random_bytes_raises_nothing_else(model: bytes, shard: bytes) -> None:
    with suppress(WeightsError):
        read_everything(model, shard)


@given(st.integers(0, len(JSON)), st.integers(0, len(SHARD)))
def test_read_graph_model_truncated_raises_nothing_else(model: int, shard: int) -> None:
    with suppress(WeightsError):
        read_everything(JSON[:model], SHARD[:shard])


@given(st.lists(st.integers(0, 7), min_size=1, max_size=8), values)
def test_read_graph_model_altered_value_raises_nothing_else(path: list[int], value: Any) -> None:
    model = replace_somewhere(json.loads(JSON), path, value)
    with suppress(WeightsError):
        read_everything(json.dumps(model).encode(), SHARD)
