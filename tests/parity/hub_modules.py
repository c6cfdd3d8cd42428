"""Runs PaddleHub's own modules on seeded weights and pictures; for the environment of PaddleHub.

``python -m tests.parity.hub_modules MODULES SYSTEM OUTPUT.npz`` takes the folder
``modules/image/keypoint_detection`` of a checkout of PaddleHub, gives the module of one system
weights of ``tests.parity.seeded``, and keeps what its network and its own code answer. The files of
weights that it made stay beside the output, for this project to import.
"""

import os

os.environ["FLAGS_enable_pir_api"] = "0"  # noqa: SIM112 (as Paddle reads it; programs of the older format)

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import paddle
import paddlehub
from paddle import nn

from tests.parity import seeded

Answer = dict[str, Any]
SAMPLES = 2000
COMMIT = "b402610a6f0b382a978e82473b541ea1fc6cf09a"


def main(modules: Path, system: str, output: Path) -> None:
    """Writes the answers of one system."""
    folder = output.with_suffix("") / NAMES[system]
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(modules / NAMES[system], folder)
    os.chdir(folder.parent)
    answer = RUN[system](folder, modules)
    answer["header"] = np.array(
        f"{NAMES[system]} {VERSIONS[system]} of PaddleHub, commit {COMMIT}, paddlehub 2.4.0, "
        f"paddlepaddle {paddle.__version__}; made by tests/parity/test_paddlehub_live.py with "
        "POSEWIRE_PADDLEHUB_MODULES=CHECKOUT/modules/image/keypoint_detection and "
        "POSEWIRE_PADDLEHUB_GOLDEN=tests/golden"
    )
    np.savez_compressed(output, **answer)


def run_body(folder: Path, _: Path) -> Answer:
    """openpose_body_estimation."""
    state = seeded.body_state(0)
    paddle.save({key: paddle.to_tensor(v) for key, v in state.items()}, str(folder / BODY_FILE))
    module = paddlehub.Module(directory=str(folder))
    image = seeded.picture(0, *PICTURES["body"])
    inputs, _, _ = module.transform(image)
    fields, heatmaps = (each.numpy() for each in module(paddle.to_tensor(inputs)))
    result = module.predict(image, visualization=False)
    subset, candidate = result["subset"], result["candidate"]
    order = np.argsort(-subset[:, -2], kind="stable")
    points = np.full((len(subset), 18, 2), np.nan)
    for row, person in enumerate(subset[order, :18].astype(int)):
        points[row, person >= 0] = candidate[person[person >= 0], :2]
    outputs = np.concatenate([heatmaps, fields], 1)
    return {**sample(inputs, outputs), "points": points, "totals": subset[order, -2]}


def run_hand(folder: Path, modules: Path) -> Answer:
    """hand_pose_localization, with the network of openpose_hands_estimation."""
    other = folder.parent / "openpose_hands_estimation"
    shutil.rmtree(other, ignore_errors=True)
    shutil.copytree(modules / other.name, other)
    state = seeded.hand_state(1)
    paddle.save({key: paddle.to_tensor(v) for key, v in state.items()}, str(other / HAND_FILE))
    network = paddlehub.Module(directory=str(other))
    network.eval()
    export(network, folder / "hand_pose_localization", [None, 3, None, None])
    module = paddlehub.Module(directory=str(folder))
    image = seeded.picture(1, *PICTURES["hand"])
    seen: list[Any] = []
    inner = module.model.forward
    module.model.forward = lambda *data, **more: (
        seen.append((data[0], inner(*data, **more))) or (seen[-1][1])
    )
    (points,) = module.keypoint_detection(images=[image.copy()])
    inputs, outputs = seen[0]
    found = np.array([[np.nan, np.nan] if point is None else point for point in points], float)
    return {**sample(inputs, outputs), "points": found}


def run_person(folder: Path, _: Path) -> Answer:
    """human_pose_estimation_resnet50_mpii."""
    network = PoseResNet()
    state = seeded.person_state(2)
    missing, unexpected = network.set_state_dict(state)
    assert not missing
    assert not unexpected
    paddle.save(network.state_dict(), str(folder / "pose_resnet.pdparams"))
    network.eval()
    export(network, folder / "pose-resnet50-mpii-384x384", [None, 3, 384, 384])
    module = paddlehub.Module(directory=str(folder))
    image = seeded.picture(2, *PICTURES["person"])
    (result,) = module.keypoint_detection(images=[image.copy()])
    reader = sys.modules[type(module).__module__].reader
    (element,) = reader([image.copy()], None)
    inputs = element["image"][None]
    outputs = network(paddle.to_tensor(inputs)).numpy()
    return {**sample(inputs, outputs), "points": np.array(list(result["data"].values()), float)}


def run_face(folder: Path, _: Path) -> Answer:
    """face_landmark_localization, with boxes in place of its detector."""
    network = VanFace()
    network.eval()
    export(network, folder / "face_landmark_localization", [None, 1, 60, 60])
    image = seeded.picture(3, *PICTURES["face"])
    detector = Boxes(FACES)
    module = paddlehub.Module(directory=str(folder), face_detector_module=detector)
    (result,) = module.keypoint_detection(images=[image.copy()])
    reader = sys.modules[type(module).__module__].reader
    inputs = np.array([each["face"] for each in reader(detector, [image.copy()])], np.float32)
    outputs = network(paddle.to_tensor(inputs)).numpy()
    return {**sample(inputs, outputs), "points": np.array(result["data"])}


class Boxes:
    """Answers given boxes where PaddleHub's face detector is asked."""

    def __init__(self, boxes: tuple[tuple[float, ...], ...]) -> None:
        self._boxes = boxes

    def face_detection(self, images: list[Any], **_: Any) -> list[Any]:
        """Answers in the detector's form."""
        names = ("left", "top", "right", "bottom")
        return [{"data": [dict(zip(names, box, strict=True)) for box in self._boxes]}] * len(images)


class PoseResNet(nn.Layer):
    """Paddle's own residual network of 50 layers, and three upsamplings."""

    def __init__(self) -> None:
        super().__init__()
        trunk = paddle.vision.models.resnet50(pretrained=False)
        for name in ("conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4"):
            setattr(self, name, getattr(trunk, name))
        stack: list[nn.Layer] = []
        for channels in (2048, 256, 256):
            up = nn.Conv2DTranspose(channels, 256, 4, stride=2, padding=1, bias_attr=False)
            stack += [up, nn.BatchNorm2D(256), nn.ReLU()]
        self.deconv_layers = nn.Sequential(*stack)
        self.final_layer = nn.Conv2D(256, 16, 1)

    def forward(self, x: Any) -> Any:
        """(N, 3, H, W) to (N, 16, H / 4, W / 4)."""
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.final_layer(self.deconv_layers(x))


class VanFace(nn.Layer):
    """Four convolutions, each with |tanh| and a pooling but for the last, and two dense layers."""

    def __init__(self) -> None:
        super().__init__()
        weights = seeded.face_weights(3)
        for name, channels, out, size in seeded.FACE_CONVS:
            padding = 2 if size == 5 else 0
            setattr(self, name, nn.Conv2D(channels, out, size, padding=padding))
        for name, inputs, out in seeded.FACE_DENSE:
            setattr(self, name, nn.Linear(inputs, out))
        for key, value in weights.items():
            is_matrix = key.startswith("Dense") and key.endswith("weight")
            weights[key] = np.ascontiguousarray(value.T) if is_matrix else value
        missing, unexpected = self.set_state_dict(weights)
        assert not missing
        assert not unexpected

    def forward(self, x: Any) -> Any:
        """(N, 1, 60, 60) to (N, 136)."""
        x = nn.functional.max_pool2d(bend(self.Conv1(x)), 2, 2, ceil_mode=True)
        x = nn.functional.max_pool2d(bend(self.Conv2(x)), 2, 2, ceil_mode=True)
        x = nn.functional.max_pool2d(bend(self.Conv3(x)), 3, 2, ceil_mode=True)
        x = paddle.flatten(bend(self.Conv4(x)), 1)
        return self.Dense3(bend(self.Dense1(x)))


def bend(x: Any) -> Any:
    """|tanh(x)|, appended as operations where the functions take no variables."""
    if paddle.in_dynamic_mode():
        return paddle.abs(paddle.tanh(x))
    for kind in ("tanh", "abs"):
        helper = paddle.base.layer_helper.LayerHelper(kind)
        y = helper.create_variable_for_type_inference(x.dtype)
        helper.append_op(type=kind, inputs={"X": [x]}, outputs={"Out": [y]})
        x = y
    return x


def export(network: Any, folder: Path, shape: list[int | None]) -> None:
    """Writes model.pdmodel and model.pdiparams into a folder."""
    spec = paddle.static.InputSpec(shape, "float32", "x")
    paddle.jit.save(network, str(folder / "model"), [spec])


def sample(inputs: Any, outputs: Any) -> Answer:
    """Returns some values of the network's input and output, evenly chosen, and their shapes."""
    answer: Answer = {}
    for name, array in (("input", inputs), ("output", outputs)):
        flat = np.asarray(array, np.float32).reshape(-1)
        answer[name] = flat[:: max(1, flat.size // SAMPLES)]
        answer[f"{name}_shape"] = np.array(np.shape(array))
    return answer


BODY_FILE, HAND_FILE = "openpose_body.pdparams", "openpose_hand.pdparams"
PICTURES = {"body": (96, 64), "hand": (96, 45), "person": (90, 64), "face": (120, 160)}
FACES = ((10.4, 20.9, 90.2, 95.7), (-5.0, 60.0, 50.0, 130.0), (100.0, 5.0, 170.0, 70.0))
NAMES = {
    "body": "openpose_body_estimation",
    "hand": "hand_pose_localization",
    "person": "human_pose_estimation_resnet50_mpii",
    "face": "face_landmark_localization",
}
VERSIONS = {"body": "1.1.0", "hand": "1.1.0", "person": "1.2.0", "face": "1.1.0"}
RUN: dict[str, Callable[[Path, Path], Answer]] = {
    "body": run_body,
    "hand": run_hand,
    "person": run_person,
    "face": run_face,
}

if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute(), sys.argv[2], Path(sys.argv[3]).absolute())
