"""Faces in real pictures, with the real networks."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from posewire_server.errors import StreamError
from posewire_server.frame import Region
from posewire_server.inference.decode.face_mapping import ibug68
from posewire_server.inference.estimators.face import build_faces
from posewire_server.inference.estimators.pose_estimator import DetectionOptions, Image
from posewire_server.inference.estimators.top_down import TopDownEstimator
from posewire_server.inference.scheduling.frame_context import FrameContext
from posewire_server.inference.sources.picture import picture_of
from posewire_server.models.catalog.catalog import FACE, FACE_MESH
from posewire_server.pose import Poses
from posewire_server.skeletons import IBUG68

from tests.serving.contexts import CheckedContext
from tests.serving.counted_networks import CountedNetworks
from tests.tracked_stream import TrackedStream

pytestmark = pytest.mark.weights

ONE_FACE = "ibug_lfpw__image_0004.png"
THOROUGH = DetectionOptions("thorough")


def build(networks: CountedNetworks, *, is_68: bool) -> TopDownEstimator:
    spec = FACE if is_68 else FACE_MESH
    return build_faces(spec, *(networks[each.name] for each in spec.networks))


@pytest.fixture(scope="module")
def faces(small_networks: CountedNetworks) -> TopDownEstimator:
    return build(small_networks, is_68=True)


def read(shared: Path, name: str) -> Image:
    image = cv2.imread(str(shared / "data" / "images" / "face68" / name))
    assert image is not None
    return np.asarray(image, np.uint8)


def find(faces: TopDownEstimator, image: Image, options: DetectionOptions = THOROUGH) -> Poses:
    return faces.find(picture_of(image), options, FrameContext())


def crowd(shared: Path, columns: int, rows: int, side: int) -> Image:
    """Returns one face many times, side by side."""
    face = read(shared, ONE_FACE)[169:529, 110:551]
    face = cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA)
    return np.tile(np.asarray(face, np.uint8), (rows, columns, 1))


def test_picture_without_a_face_is_an_empty_result(faces: TopDownEstimator) -> None:
    rows, columns = np.mgrid[0:480, 0:640]
    image = np.repeat(((rows + columns) % 256)[:, :, None], 3, axis=2).astype(np.uint8)
    found = find(faces, image)
    assert found.keypoints.shape == (0, 68, 3)
    assert found.depths is not None
    assert found.depths.shape == (0, 68)


def test_several_faces_are_all_found(faces: TopDownEstimator, shared: Path) -> None:
    found = find(faces, crowd(shared, 3, 2, 200))
    assert len(found) == 6
    cells = {(int(x // 200), int(y // 200)) for x, y in found.keypoints[:, 30, :2]}
    assert len(cells) == 6


def test_hundreds_of_faces_are_read_in_batches_that_can_be_stopped(
    faces: TopDownEstimator, small_networks: CountedNetworks, shared: Path
) -> None:
    image = crowd(shared, 14, 11, 100)
    small_networks.runs.clear()
    small_networks.inputs.clear()
    assert 100 < len(find(faces, image)) <= 256
    assert small_networks.inputs["face-mesh"] <= 2 * 256
    runs = small_networks.runs["face-mesh"]
    assert runs < small_networks.inputs["face-mesh"] / 4

    small_networks.runs.clear()

    def check(stage: str) -> None:
        if small_networks.runs["face-mesh"] == 2:
            raise StreamError("FRAME_DEADLINE_EXCEEDED", stage)

    with pytest.raises(StreamError):
        faces.find(picture_of(image), THOROUGH, CheckedContext(check))
    assert small_networks.runs["face-mesh"] == 2


def test_face_mesh_has_depth_and_gives_the_68(
    faces: TopDownEstimator, small_networks: CountedNetworks, shared: Path
) -> None:
    image = read(shared, ONE_FACE)
    mesh, points = find(build(small_networks, is_68=False), image), find(faces, image)
    assert mesh.keypoints.shape == (1, 468, 3)
    assert mesh.depths is not None
    nose, ears = mesh.depths[0, 4], mesh.depths[0, [234, 454]]
    assert (nose < ears - 0.2 * float(np.ptp(mesh.keypoints[0, :, 0]))).all()
    np.testing.assert_allclose(
        ibug68(mesh.keypoints[0, :, :2]), points.keypoints[0, :, :2], atol=0.05
    )


def test_face_in_a_box_is_found_without_a_detector(
    faces: TopDownEstimator, small_networks: CountedNetworks, shared: Path
) -> None:
    image = read(shared, ONE_FACE)
    whole = find(faces, image)
    small_networks.runs.clear()
    box = Region(*(float(value) for value in whole.boxes[0]))
    found = find(faces, image, DetectionOptions("thorough", boxes=(box,)))
    assert set(small_networks.runs) == {"face-mesh"}
    error = np.linalg.norm(found.keypoints[0, :, :2] - whole.keypoints[0, :, :2], axis=1).mean()
    assert error < 0.02 * (box.x_max - box.x_min)


def test_face_outside_the_region_is_not_found(faces: TopDownEstimator, shared: Path) -> None:
    image = crowd(shared, 2, 1, 300)
    found = find(faces, image, DetectionOptions("thorough", region=Region(300, 0, 600, 300)))
    assert len(found) == 1
    assert found.keypoints[0, :, 0].min() > 300


def test_follow_a_face_on_video_rests_the_detectors_on_four_frames_of_five(
    faces: TopDownEstimator, small_networks: CountedNetworks, shared: Path
) -> None:
    capture = cv2.VideoCapture(str(shared / "data" / "videos" / "maxine_eyecontact_sample.mp4"))
    stream, frames = TrackedStream(faces, IBUG68), 60
    small_networks.runs.clear()
    for _ in range(frames):
        image = np.asarray(capture.read()[1], np.uint8)
        found = stream.find(image, DetectionOptions("thorough"))
        assert found.ids is not None
        assert found.ids.tolist() == [1]
    capture.release()
    assert small_networks.runs["face-mesh"] >= frames
    assert small_networks.runs["face-short"] <= 0.2 * frames
    assert small_networks.runs["face-full"] <= 0.2 * frames
