"""Networks and keypoints are PaddleHub's own, as kept in tests/golden/paddlehub_*.npz.

The files hold what PaddleHub's modules answered for seeded weights and pictures
(tests.parity.seeded); each says in its ``header`` which module it was and how to make it again.
"""

import pickle
from pathlib import Path

import numpy as np
import pytest

from tests.caffe_writer import caffemodel
from tests.parity import seeded
from tests.parity.hub_parity import answer, check, import_original
from tests.torch_writer import torch_row

GOLDEN = Path(__file__).resolve().parents[1] / "golden"


def write_body(folder: Path) -> None:
    """Writes seeded weights as PaddleHub publishes them."""
    (folder / "openpose_body.pdparams").write_bytes(pickle.dumps(seeded.body_state(0), protocol=4))


def write_hand(folder: Path) -> None:
    """Writes seeded weights as PaddleHub publishes them."""
    (folder / "openpose_hand.pdparams").write_bytes(pickle.dumps(seeded.hand_state(1), protocol=4))


def write_person(folder: Path) -> None:
    """Writes seeded weights as MSRA publishes them."""
    state = {
        name.replace("._mean", ".running_mean").replace("._variance", ".running_var"): array
        for name, array in seeded.person_state(2).items()
    }
    (folder / "pose_resnet_50_384x384.pth.tar").write_bytes(torch_row(state))


def write_face(folder: Path) -> None:
    """Writes seeded weights as VanFace's author publishes them."""
    weights = seeded.face_weights(3)
    names = [name for name, *_ in (*seeded.FACE_CONVS, *seeded.FACE_DENSE)]
    layers = {name: [weights[f"{name}.weight"], weights[f"{name}.bias"]] for name in names}
    (folder / "face.caffemodel").write_bytes(caffemodel(layers))
    (folder / "face.prototxt").write_text(face_prototxt())


def face_prototxt() -> str:
    lines = ['input: "data" input_dim: 1 input_dim: 1 input_dim: 60 input_dim: 60']
    pools = {"Conv1": 2, "Conv2": 2, "Conv3": 3}
    bottom = "data"
    for name, _, out, size in seeded.FACE_CONVS:
        pad = 2 if size == 5 else 0
        sizes = f"num_output: {out} kernel_size: {size} pad: {pad}"
        lines += [layer(name, "Convolution", bottom, f"convolution_param {{ {sizes} }}")]
        lines += [layer(f"{name}T", "TanH", name), layer(f"{name}A", "AbsVal", f"{name}T")]
        bottom = f"{name}A"
        if name in pools:
            param = f"pooling_param {{ pool: MAX kernel_size: {pools[name]} stride: 2 }}"
            lines += [layer(f"{name}P", "Pooling", bottom, param)]
            bottom = f"{name}P"
    for name, _, out in seeded.FACE_DENSE:
        param = f"inner_product_param {{ num_output: {out} }}"
        lines += [layer(name, "InnerProduct", bottom, param)]
        if name == "Dense1":
            lines += [layer("D1T", "TanH", name), layer("D1A", "AbsVal", "D1T")]
        bottom = "D1A"
    return "\n".join(lines)


def layer(name: str, kind: str, bottom: str, param: str = "") -> str:
    return f'layer {{ name: "{name}" type: "{kind}" bottom: "{bottom}" top: "{name}" {param} }}'


WRITE = {"body": write_body, "hand": write_hand, "person": write_person, "face": write_face}


@pytest.mark.parametrize("system", WRITE)
def test_system_answers_as_paddlehub(system: str, tmp_path: Path) -> None:
    files = tmp_path / "files"
    files.mkdir()
    WRITE[system](files)
    stored = import_original(system, files, tmp_path / "network")
    with np.load(GOLDEN / f"paddlehub_{system}.npz") as golden:
        check(system, answer(system, stored), golden)
