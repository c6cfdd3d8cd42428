"""Hands and faces as MediaPipe 0.10.21 finds them, see tests/golden/make_mediapipe.py.

MediaPipe cuts its crops half a pixel of the input aside and averages no pixels where it reduces, so
the same networks answer a little differently; what is compared is in shares of the instance's size.
"""

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from posewire_server.inference.decode.anchors import AnchorSpec, merge
from posewire_server.inference.engine.network import Network
from posewire_server.inference.estimators.face import FULL_ANCHORS, SHORT_ANCHORS, build_faces
from posewire_server.inference.estimators.hand import build_hands
from posewire_server.inference.estimators.pose_estimator import DetectionOptions, Image
from posewire_server.inference.estimators.tiles import TileDetector
from posewire_server.inference.preprocess.crop import covering
from posewire_server.inference.scheduling.frame_context import FrameContext
from posewire_server.inference.sources.picture import picture_of
from posewire_server.models.catalog.catalog import FACE_MESH
from posewire_server.models.catalog.catalog import HAND as HAND_MODEL

from tests.golden.make_mediapipe import FACES, HANDS, RUNTIME

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "mediapipe.npz"
BY_MEDIAPIPES_RULES = DetectionOptions("mediapipe")

pytestmark = pytest.mark.weights

Networks = Mapping[str, Network]
Floats = npt.NDArray[np.float32]


@pytest.fixture(scope="module")
def golden() -> dict[str, Floats]:
    arrays = dict(np.load(GOLDEN))
    assert str(arrays.pop("runtime")) == RUNTIME
    return arrays


def read(shared: Path, file: str) -> Image:
    image = cv2.imread(str(shared / "data" / file))
    assert image is not None
    return np.asarray(image, np.uint8)


def size_of(points: Floats) -> float:
    return float(np.ptp(points, axis=0).max())


@pytest.mark.parametrize("file", HANDS)
def test_hands_are_mediapipes(
    small_networks: Networks, golden: dict[str, Floats], shared: Path, file: str
) -> None:
    hands = build_hands(HAND_MODEL, small_networks["hand"], small_networks["palm"])
    found = hands.find(picture_of(read(shared, file)), BY_MEDIAPIPES_RULES, FrameContext())
    expected = golden[f"hands/{file}"]
    assert found.depths is not None
    assert found.sides is not None
    assert len(expected) > 0
    for *points, (left, *_) in expected:
        points = np.array(points)
        errors = np.linalg.norm(found.keypoints[:, :, :2] - points[:, :2], axis=2).mean(1)
        nearest = int(np.argmin(errors))
        assert errors[nearest] < 0.03 * size_of(points[:, :2])
        depth_error = np.abs(found.depths[nearest] - points[:, 2]).mean()
        assert depth_error < 0.04 * size_of(points[:, :2])
        # MediaPipe names the sides of a picture that is mirrored.
        assert found.sides[nearest] == pytest.approx(left, abs=0.1)


@pytest.mark.parametrize("file", FACES)
def test_meshes_are_mediapipes(
    small_networks: Networks, golden: dict[str, Floats], shared: Path, file: str
) -> None:
    faces = build_faces(FACE_MESH, *(small_networks[each.name] for each in FACE_MESH.networks))
    found = faces.find(picture_of(read(shared, file)), BY_MEDIAPIPES_RULES, FrameContext())
    assert found.depths is not None
    assert len(golden[f"faces/{file}"]) > 0
    for mesh in golden[f"faces/{file}"]:
        errors = np.linalg.norm(found.keypoints[:, :, :2] - mesh[:, :2], axis=2).mean(1)
        nearest = int(np.argmin(errors))
        assert errors[nearest] < 0.03 * size_of(mesh[:, :2])
        depth_error = np.abs(found.depths[nearest] - mesh[:, 2]).mean()
        assert depth_error < 0.04 * size_of(mesh[:, :2])


@pytest.mark.parametrize("file", FACES)
@pytest.mark.parametrize(
    ("name", "anchors", "min_score"),
    [("short", SHORT_ANCHORS, 0.5), ("full", FULL_ANCHORS, 0.6)],
)
def test_face_detections_are_mediapipes(
    small_networks: Networks,
    golden: dict[str, Floats],
    shared: Path,
    file: str,
    name: str,
    anchors: AnchorSpec,
    min_score: float,
) -> None:
    image, network = read(shared, file), small_networks[f"face-{name}"]
    detect = TileDetector(network, anchors, min_score)
    part = (0, 0, image.shape[1], image.shape[0])
    views = [covering(part, network.spec.input)]
    found = merge(detect(image, part, views, FrameContext()), 0.3)
    for score, x, y, width, height, *points in golden[f"{name}/{file}"]:
        if score < min_score + 0.1:
            continue  # On the verge of not being found.
        errors = np.abs(found.boxes - (x, y, x + width, y + height)).max(1)
        nearest = int(np.argmin(errors))
        assert errors[nearest] < 0.08 * width
        assert found.scores[nearest] == pytest.approx(score, abs=0.13)
        keypoints = np.reshape(points, (6, 2))
        assert np.abs(found.keypoints[nearest] - keypoints).max() < 0.13 * width
