"""State dictionaries of Paddle and PyTorch, as their files hold them."""

import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
from posewire_server.errors import WeightsError
from posewire_server.models.weights.importers.originals.paddle_state import read_paddle_state
from posewire_server.models.weights.importers.originals.torch_state import read_torch_state

from tests.torch_writer import torch_row, torch_zip

WEIGHT = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
STATE = {"conv.weight": WEIGHT, "conv.bias": WEIGHT[0, 0]}


def paddle(folder: Path, value: object, protocol: int = 4) -> Path:
    path = folder / "x.pdparams"
    path.write_bytes(pickle.dumps(value, protocol=protocol))
    return path


@pytest.mark.parametrize("protocol", [2, 4, 5])
@pytest.mark.parametrize("dtype", ["<f2", "<f4", ">f4", "<f8", "<i8"])
def test_paddle_state_arrays_become_float32(tmp_path: Path, protocol: int, dtype: str) -> None:
    value = {"a": WEIGHT.astype(dtype), "b": np.asfortranarray(WEIGHT[0])}
    found = read_paddle_state(paddle(tmp_path, value, protocol))
    np.testing.assert_array_equal(found["a"], WEIGHT)
    np.testing.assert_array_equal(found["b"], WEIGHT[0])
    assert {array.dtype for array in found.values()} == {np.dtype(np.float32)}


def test_paddle_state_named_arrays_and_other_entries(tmp_path: Path) -> None:
    value = {"a": ("conv_0.w_0", WEIGHT), "StructuredToParameterName@@": {"a": "conv_0.w_0"}}
    found = read_paddle_state(paddle(tmp_path, value))
    assert list(found) == ["a"]
    np.testing.assert_array_equal(found["a"], WEIGHT)


@pytest.mark.parametrize(
    "value",
    [[WEIGHT], {"a": np.array([object()], object)}, {"a": np.array(["text"])}],
)
def test_paddle_state_other_contents_raise_damaged(tmp_path: Path, value: object) -> None:
    with pytest.raises(WeightsError) as caught:
        read_paddle_state(paddle(tmp_path, value))
    assert caught.value.reason == "WEIGHTS_DAMAGED"


def test_paddle_state_cut_short_raises_damaged(tmp_path: Path) -> None:
    path = paddle(tmp_path, STATE)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(WeightsError) as caught:
        read_paddle_state(path)
    assert caught.value.reason == "WEIGHTS_DAMAGED"


@pytest.mark.parametrize("write", [torch_zip, torch_row])
@pytest.mark.parametrize(("dtype", "kind"), [("<f4", "FloatStorage"), ("<f2", "HalfStorage")])
def test_torch_state_tensors_become_float32(
    tmp_path: Path, write: object, dtype: str, kind: str
) -> None:
    state = {name: array.astype(dtype) for name, array in STATE.items()}
    path = tmp_path / "x.pth.tar"
    path.write_bytes(write(state, kind))  # type: ignore[operator]
    found = read_torch_state(path)
    assert list(found) == list(STATE)  # Without "module."
    for name, array in STATE.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == np.float32


def test_torch_state_transposed_tensor_keeps_its_order(tmp_path: Path) -> None:
    transposed = np.asfortranarray(WEIGHT[0])
    content = torch_row({"a": transposed})
    path = tmp_path / "x.pth"
    path.write_bytes(content.replace(transposed.tobytes("C"), transposed.tobytes("F")))
    np.testing.assert_array_equal(read_torch_state(path)["a"], transposed)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "WEIGHTS_DAMAGED"),
        (b"PK\x03\x04 and no more", "WEIGHTS_DAMAGED"),
        (pickle.dumps(1, protocol=2), "WEIGHTS_DAMAGED"),
        (torch_row(STATE)[:-8], "WEIGHTS_DAMAGED"),
        (torch_zip(STATE)[:-40], "WEIGHTS_DAMAGED"),
        (torch_zip(STATE, "QInt8Storage"), "WEIGHTS_UNSUPPORTED"),
        (torch_row(STATE).replace(b"_rebuild_tensor_v2", b"_rebuild_tensor_v9"), "WEIGHTS_DAMAGED"),
    ],
)
def test_torch_state_bad_files_raise_weights_error(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    path = tmp_path / "x.pth"
    path.write_bytes(content)
    with pytest.raises(WeightsError) as caught:
        read_torch_state(path)
    assert caught.value.reason == reason


def test_torch_state_zip_bomb_raises_damaged(tmp_path: Path) -> None:
    path = tmp_path / "x.pth"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", b"}.")
        archive.writestr("archive/data/0", bytes(10_000_000))
    with pytest.raises(WeightsError, match="4 times its"):
        read_torch_state(path)


def test_torch_state_tensor_outside_its_storage_raises_damaged(tmp_path: Path) -> None:
    content = torch_row({"a": np.zeros(4, np.float32)})
    path = tmp_path / "x.pth"
    path.write_bytes(content.replace(b"J\x00\x00\x00\x00(J\x04", b"J\x01\x00\x00\x00(J\x04"))
    with pytest.raises(WeightsError, match="outside its storage"):
        read_torch_state(path)
