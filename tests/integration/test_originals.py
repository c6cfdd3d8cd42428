"""VanFace as a user has it: imported by the command, checked, served; and refused where damaged."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from posewire_server.cli import main
from posewire_server.config import default_cache
from posewire_server.errors import RegionError
from posewire_server.frame import Region
from posewire_server.inference.engine.engine_config import EngineConfig
from posewire_server.inference.engine.self_check import check_engines
from posewire_server.inference.estimators.originals.vanface import dlib_crop
from posewire_server.inference.pipeline import Pipeline
from posewire_server.inference.preprocess.crop import Crop
from posewire_server.models.catalog.catalog import find_model
from posewire_server.models.catalog.network_catalog import find_network
from posewire_server.models.weights.model_cache import ModelCache
from posewire_server.models.weights.network_store import NetworkStore
from posewire_server.tools.evaluation.labels import read_labels
from posewire_server.tools.evaluation.task import TASKS

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "vanface.npz"
# Sets whose labels are of the picture; the others' are projected from a model of the head.
FLAT = ("300vw", "300w", "ibug_lfpw", "menpo")
EYES = (36, 45)
(FACES,) = (task for task in TASKS if task.name == "face68")

pytestmark = pytest.mark.weights


@pytest.fixture(scope="module")
def files(shared: Path) -> Path:
    return shared / "weights" / "vanface"


@pytest.fixture(scope="module")
def cache(files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache that holds what the command imported, beside the detectors of faces."""
    cache = tmp_path_factory.mktemp("cache")
    pulled = ModelCache(default_cache(), check_engines).pull(find_model("face"))
    for network in pulled.networks:
        (cache / network.folder.name).symlink_to(network.folder)
    arguments = ["models", "import", "face_landmark_localization", str(files)]
    assert main([*arguments, "--reference", str(GOLDEN), "--cache", str(cache)]) == 0
    return cache


@pytest.fixture(scope="module")
def faces(cache: Path) -> Pipeline:
    stored = ModelCache(cache, check_engines).find(find_model("face-vanface"))
    assert stored is not None
    return Pipeline.load(stored, EngineConfig())


def labelled(shared: Path) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yields pictures with the 68 keypoints of a face, origin at the corner of the first pixel."""
    for picture in read_labels(shared / "data" / "labels.json", FACES, FLAT):
        for instance in picture.instances:
            yield cv2.imread(str(picture.path)), instance.keypoints[:, :2]


def error(points: np.ndarray, truth: np.ndarray) -> float:
    """Mean distance over that of the outer corners of the eyes."""
    eyes = np.linalg.norm(truth[EYES[0]] - truth[EYES[1]])
    return float(np.linalg.norm(points - truth, axis=1).mean() / eyes)


def test_import_keeps_digest_and_engines(cache: Path) -> None:
    stored = NetworkStore(cache, check_engines).find(find_network("face-vanface"))
    assert stored is not None
    assert stored.manifest.members == ("VanFace.caffemodel", "landmark_deploy.prototxt")
    assert len(stored.manifest.source_sha256) == 64
    assert all(check.passed for check in stored.manifest.checks)


@pytest.mark.parametrize("mode", ["vanface", "paddlehub"])
def test_faces_in_dlibs_boxes_meet_the_published_error(
    faces: Pipeline, shared: Path, mode: str
) -> None:
    errors = []
    for image, truth in labelled(shared):
        crop = dlib_crop(truth, Crop((0.0, 0.0), (1.0, 1.0)))
        half = crop.size[0] / 2
        (x, y) = crop.centre
        box = Region(x - half, y - half, x + half, y + half)
        poses = faces.detect(image, boxes=(box,), mode=mode).poses
        errors.append(error(poses.keypoints[0, :, :2], truth))
    assert len(errors) == 9
    assert np.mean(errors) <= 0.052


def test_faces_found_by_the_detectors_come_close(faces: Pipeline, shared: Path) -> None:
    errors = []
    for image, truth in labelled(shared):
        found = faces.detect(image).poses.keypoints[:, :, :2]
        errors.append(min((error(each, truth) for each in found), default=np.inf))
    assert len(errors) == 9
    assert np.mean(errors) <= 0.060


def test_faces_without_a_face_are_empty(faces: Pipeline) -> None:
    assert len(faces.detect(np.zeros((120, 160, 3), np.uint8)).poses) == 0


@pytest.mark.parametrize("mode", ["vanface", "paddlehub"])
@pytest.mark.parametrize(
    "box",
    [(0, 0, 0, 10), (5, 5, 1, 9), (0, 0, float("nan"), 9), (500, 0, 600, 9)],
)
def test_faces_in_wrong_boxes_raise_region_error(
    faces: Pipeline, box: tuple[float, float, float, float], mode: str
) -> None:
    image = np.zeros((120, 160, 3), np.uint8)
    with pytest.raises(RegionError):
        faces.detect(image, boxes=(Region(*box),), mode=mode)


def test_faces_many_boxes_answer_each_in_its_place(faces: Pipeline) -> None:
    image = np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)
    boxes = tuple(Region(10 + i % 40, 5, 90 + i % 40, 85) for i in range(300))
    poses = faces.detect(image, boxes=boxes).poses
    assert poses.keypoints.shape == (300, 68, 3)
    np.testing.assert_allclose(poses.keypoints[40], poses.keypoints[0], atol=1e-3)


@pytest.mark.parametrize("fault", ["cut", "other", "reference", "archive"])
def test_import_refused_leaves_the_cache_as_it_was(
    files: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
) -> None:
    monkeypatch.setattr(
        "posewire_server.inference.engine.self_check.list_engines", lambda: ["onednn"]
    )
    weights, text = (files / "VanFace.caffemodel").read_bytes(), "landmark_deploy.prototxt"
    own = tmp_path / "own"
    own.mkdir()
    (own / text).write_bytes((files / text).read_bytes())
    (own / "x.caffemodel").write_bytes(weights[:-1000] if fault == "cut" else weights)
    arguments = ["models", "import", "hand-cmu" if fault == "other" else "face-vanface", str(own)]
    if fault == "reference":
        with np.load(GOLDEN) as golden:
            np.savez(tmp_path / "r.npz", input=golden["input"], output_0=-golden["output_0"])
        arguments += ["--reference", str(tmp_path / "r.npz")]
    if fault == "archive":
        (tmp_path / "x.zip").write_bytes(b"PK\x03\x04")
        arguments[-1] = str(tmp_path / "x.zip")
    cache = tmp_path / "cache"
    assert main([*arguments, "--cache", str(cache)]) == 1
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith("posewire-server: ")
    kept = [path.name for path in cache.glob("*")] if cache.exists() else []
    assert [name for name in kept if not name.endswith(".lock")] == []
