import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from posewire_server.errors import LabelsError, ModelError, SourceError
from posewire_server.frame import Region
from posewire_server.inference.engine.engine_config import EngineConfig
from posewire_server.inference.estimators.pose_estimator import Abilities, DetectionOptions
from posewire_server.inference.pipeline import Pipeline
from posewire_server.inference.scheduling.frame_context import FrameContext
from posewire_server.inference.sources.picture import Picture
from posewire_server.models.catalog.catalog import BODY
from posewire_server.models.catalog.spec import ModelSpec
from posewire_server.models.weights.model_cache import StoredModel
from posewire_server.pose import Poses
from posewire_server.skeletons import HAND21, Skeleton
from posewire_server.tools.evaluation import evaluation
from posewire_server.tools.evaluation.evaluation import Evaluation, EvaluationMode, evaluate
from posewire_server.tools.evaluation.labels import read_labels
from posewire_server.tools.evaluation.task import Task, find_task

HANDS = find_task("hand21")
SPEC = ModelSpec(
    name="boxes",
    skeleton=HAND21,
    family="hand",
    networks=BODY.networks,
    modes=("fast", "slow"),
)


class Corners:
    """Finds a hand at the middle of every box, and without boxes one at the picture's corner."""

    abilities = Abilities(takes_boxes=True)

    def __init__(self) -> None:
        self.asked: list[DetectionOptions] = []

    def find(self, picture: Picture, options: DetectionOptions, context: FrameContext) -> Poses:
        assert picture.image.shape == (48, 64, 3)
        context.check("infer")
        self.asked.append(options)
        boxes = options.boxes or (Region(0, 0, 2, 2),)
        keypoints = np.ones((len(boxes), 21, 3), np.float32)
        for pose, box in zip(keypoints, boxes, strict=True):
            pose[:, :2] = (box.x_min + box.x_max) / 2, (box.y_min + box.y_max) / 2
        return Poses(keypoints, np.ones(len(boxes), np.float32))


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> Corners:
    system = Corners()

    def load(stored: StoredModel, _networks: object) -> Pipeline:
        return Pipeline(stored.spec, "1", system, EngineConfig("plain", "fp32", 1))

    monkeypatch.setattr(evaluation.Pipeline, "load", load)
    return system


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    """Two pictures: two hands that lie at the middle of their boxes, and one not labelled."""
    cv2.imwrite(str(tmp_path / "grey.png"), np.full((48, 64, 3), 128, np.uint8))
    names = {"file": "grey.png", "task": "hand21", "width": 64, "height": 48}
    hands = [{"bbox": [x, 10, 10, 10], "keypoints": [[x + 5, 15, 2]] * 21} for x in (5, 40)]
    nothing = {"bbox": [0, 0, 9, 9], "keypoints": [[0, 0, 0]] * 21}
    records = [
        names | {"dataset": "one", "instances": hands},
        names | {"dataset": "two", "instances": [nothing]},
    ]
    path = tmp_path / "labels.json"
    path.write_text(json.dumps({"images": records}))
    return path


def run(labels: Path, spec: ModelSpec = SPEC, task: Task = HANDS, **options: object) -> Evaluation:
    given = StoredModel(spec, ()), task, read_labels(labels, HANDS), EngineConfig()
    return evaluate(*given, **options)  # type: ignore[arg-type]


def test_evaluate_whole_picture_asks_once_for_each_decoder(labels: Path, system: Corners) -> None:
    result = run(labels)
    assert list(result.results) == [EvaluationMode("fast"), EvaluationMode("slow")]
    assert [request.mode for request in system.asked] == ["fast", "slow"] * 2
    assert result.results[EvaluationMode("fast")].score.figures["found"] == 0.0
    assert result.engine.threads == 1


def test_evaluate_given_boxes_scores_both_and_asks_only_where_there_are_some(
    labels: Path, system: Corners
) -> None:
    result = run(labels, modes=["fast"], boxes=True)
    given, alone = EvaluationMode("fast", is_given_boxes=True), EvaluationMode("fast")
    assert list(result.results) == [given, alone]
    assert result.results[given].score.figures["PCK@0.2"] == 1.0
    assert result.results[alone].score.figures["PCK@0.2"] == 0.0
    assert [len(request.boxes) for request in system.asked] == [2, 0, 0]
    assert [len(poses) for poses in result.results[given].found] == [2, 0]


@pytest.mark.usefixtures("system")
def test_evaluate_reads_formats_of_data_sets(labels: Path) -> None:
    cv2.imwrite(str(labels.parent / "grey.ppm"), np.full((48, 64, 3), 128, np.uint8))
    labels.write_text(labels.read_text().replace("grey.png", "grey.ppm"))
    assert run(labels, modes=["fast"]).results[EvaluationMode("fast")].score.figures["images"] == 2


@pytest.mark.usefixtures("system")
def test_evaluate_picture_that_is_none_is_told(labels: Path) -> None:
    (labels.parent / "grey.png").write_bytes(b"no picture")
    with pytest.raises(SourceError):
        run(labels)


def test_evaluate_calls_back_after_each_picture(labels: Path, system: Corners) -> None:
    asked: list[int] = []
    run(labels, modes=["fast"], picture_done=lambda: asked.append(len(system.asked)))
    assert asked == [1, 2]


def test_evaluate_unknown_decoder_is_told(labels: Path, system: Corners) -> None:
    with pytest.raises(ModelError, match="fast, slow"):
        run(labels, modes=["other"])
    assert system.asked == []


def test_evaluate_boxes_of_hands_do_not_suit_a_model_of_persons(
    labels: Path, system: Corners
) -> None:
    names = tuple(f"{side}_hand_{name}" for side in ("left", "right") for name in HAND21.keypoints)
    spec = ModelSpec("whole", Skeleton("whole", names, (), ()), "wholebody", (), ("fast",))
    with pytest.raises(LabelsError, match="boxes of hands") as caught:
        run(labels, spec, boxes=True)
    assert caught.value.reason == "TASK_UNSUITED"
    assert system.asked == []
