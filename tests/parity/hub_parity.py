"""What this project answers for the pictures and weights of ``hub_modules``, and the comparison."""

from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from posewire_server.frame import Region
from posewire_server.inference.engine.network import Network
from posewire_server.inference.engine.predictor import PaddlePredictor
from posewire_server.inference.estimators.originals.paddlehub_estimators import (
    prepare_body,
    prepare_hand,
    prepare_person,
)
from posewire_server.inference.estimators.originals.vanface import cut_face
from posewire_server.inference.estimators.pose_estimator import DetectionOptions, Image
from posewire_server.inference.families import build_estimator
from posewire_server.inference.scheduling.frame_context import FrameContext
from posewire_server.inference.sources.picture import picture_of
from posewire_server.isolated import run_isolated
from posewire_server.models.catalog.catalog import find_model
from posewire_server.models.catalog.spec import NetworkSpec
from posewire_server.models.weights.importers import import_network
from posewire_server.models.weights.manifest import EngineCheck, Manifest, StoredNetwork
from posewire_server.pose import Poses

from tests.parity import seeded

Floats = npt.NDArray[np.float32]
Golden = Mapping[str, Any]
# Network outputs, and what float32 arithmetic in another order may do to them.
OUTPUT_TOLERANCE = 1e-4
MODELS = {
    "body": "body-cmu",
    "hand": "hand-cmu",
    "person": "person-resnet50",
    "face": "face-vanface",
}
SEEDS = {"body": 0, "hand": 1, "person": 2, "face": 3}
PICTURES = {"body": (96, 64), "hand": (96, 45), "person": (90, 64), "face": (120, 160)}
FACES = (
    Region(10.4, 20.9, 90.2, 95.7),
    Region(-5.0, 60.0, 50.0, 130.0),
    Region(100.0, 5.0, 170.0, 70.0),
)
POINT_TOLERANCE = {"body": 0.0, "hand": 0.0, "person": 0.0, "face": 1e-3}


@dataclass(frozen=True)
class Answer:
    """What this project answers.

    Attributes:
        inputs: Of the network, as prepared here.
        outputs: Of the network.
        poses: Of the whole system with ``mode: paddlehub``.
    """

    inputs: Floats
    outputs: Floats
    poses: Poses


def import_original(system: str, files: Path, folder: Path) -> StoredNetwork:
    """Imports the files of a folder, unchecked."""
    folder.mkdir(parents=True)
    run_isolated(import_network.__name__, ["original", str(files), str(folder / "weights")], 120.0)
    (spec,) = find_model(MODELS[system]).networks[:1]
    manifest = Manifest.describe(spec, "original", folder)
    checks = (EngineCheck("onednn", passed=True, run_ms=1.0),)
    return StoredNetwork(spec, folder, Manifest(**(vars(manifest) | {"checks": checks})))


def answer(system: str, stored: StoredNetwork) -> Answer:
    """Runs the network on the prepared picture, and the system on the picture."""
    spec = find_model(MODELS[system])
    network = Network(stored.spec, PaddlePredictor(stored, "onednn"))
    image = seeded.picture(SEEDS[system], *PICTURES[system])
    options = DetectionOptions("paddlehub", boxes=FACES if system == "face" else ())
    inputs = np.concatenate(PREPARE[system](image, stored.spec))
    (outputs,) = network.run(np.ascontiguousarray(inputs), FrameContext())
    # Those that only find boxes are not asked where boxes are given.
    networks = dict.fromkeys((each.name for each in spec.networks), network)
    poses = build_estimator(spec, networks).find(picture_of(image), options, FrameContext())
    return Answer(inputs, outputs, poses)


PREPARE: Mapping[str, Callable[[Image, NetworkSpec], list[Floats]]] = {
    "body": lambda image, _: [prepare_body(image)[0]],
    "hand": lambda image, _: [prepare_hand(image)],
    "person": lambda image, spec: [prepare_person(image, spec.input)],
    "face": lambda image, _: [cut_face(image, astuple(box))[0][None] for box in FACES],
}


def check(system: str, found: Answer, golden: Golden) -> None:
    """Asserts that the network's input and output and the keypoints are PaddleHub's."""
    for name, array in (("input", found.inputs), ("output", found.outputs)):
        shape = golden[f"{name}_shape"]
        assert array.size == np.prod(shape), name
        sampled = array.reshape(-1)[:: max(1, array.size // 2000)]
        np.testing.assert_allclose(sampled, golden[name], atol=OUTPUT_TOLERANCE, rtol=0)
    points = golden["points"] if golden["points"].ndim == 3 else golden["points"][None]
    assert points.size
    # PaddleHub counts from the centre of the first pixel, this project from its corner.
    np.testing.assert_allclose(
        found.poses.keypoints[:, :, :2],
        points + 0.5,
        atol=POINT_TOLERANCE[system] + 1e-4,
        rtol=0,
    )
