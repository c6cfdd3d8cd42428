import json
import sys
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from posewire_server.cli import main
from posewire_server.errors import ConfigError, LabelsError
from posewire_server.inference.engine.engine_config import EngineConfig
from posewire_server.models.weights.model_cache import StoredModel
from posewire_server.tools.commands.evaluate import EvaluateConfig, run
from posewire_server.tools.evaluation.evaluation import CachedPredictor, evaluate
from posewire_server.tools.evaluation.labels import read_labels
from posewire_server.tools.evaluation.task import find_task

Array = npt.NDArray[np.float32]
BODY_MULTI = find_task("body_multi")


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    """A labels file with one picture, in which somebody is labelled and nobody to be seen."""
    cv2.imwrite(str(tmp_path / "grey.png"), np.full((48, 64, 3), 128, np.uint8))
    person = {"bbox": [5, 5, 30, 40], "keypoints": [[20, 20, 2]] * 17, "area": 600, "iscrowd": 0}
    names = {"file": "grey.png", "task": "body_multi", "dataset": "coco_own"}
    record = {**names, "width": 64, "height": 48, "instances": [person]}
    path = tmp_path / "labels.json"
    path.write_text(json.dumps({"images": [record]}))
    return path


def change(labels: Path, **changes: object) -> None:
    content = json.loads(labels.read_text())
    content["images"][0] |= changes
    labels.write_text(json.dumps(content))


@pytest.mark.weights
def test_eval_ends_with_one_json_object_and_keeps_the_poses(
    weights: StoredModel, labels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "found.json"
    code = main(["eval", str(labels), "--json", "--predictions", str(kept)])
    assert code == 0
    *table, last = capsys.readouterr().out.splitlines()
    assert table[0].split() == ["mode", "AP", "AP50", "AP75", "AR", "images", "persons"]
    summary = json.loads(last)
    assert summary["mode"] == weights.spec.default_mode
    assert tuple(summary["modes"]) == weights.spec.modes
    assert (summary["AP"], summary["images"], summary["persons"]) == (0.0, 1, 1)
    assert summary["datasets"]["coco_own"]["AP"] == 0.0
    assert summary["engine"]["threads"] > 0
    (picture,) = json.loads(kept.read_text())["images"]
    assert picture["file"] == "grey.png"
    assert tuple(picture["poses"]) == weights.spec.modes


@pytest.mark.weights
def test_eval_missing_picture_names_it(weights: StoredModel, labels: Path) -> None:
    change(labels, file="gone.png")
    with pytest.raises(LabelsError, match=r"gone\.png") as caught:
        evaluate(weights, BODY_MULTI, read_labels(labels, BODY_MULTI), EngineConfig())
    assert caught.value.reason == "LABELS_UNREADABLE"


@pytest.mark.weights
def test_eval_picture_of_another_size_says_both(weights: StoredModel, labels: Path) -> None:
    change(labels, width=640)
    with pytest.raises(LabelsError, match=r"64x48 pixels.*640x48") as caught:
        evaluate(weights, BODY_MULTI, read_labels(labels, BODY_MULTI), EngineConfig())
    assert caught.value.reason == "LABELS_MALFORMED"


def test_eval_plot_without_matplotlib_is_told_before_the_work(
    labels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    plot = tmp_path / "curves.png"
    config = EvaluateConfig(labels, tmp_path / "cache", EngineConfig(), plot=plot)
    with pytest.raises(ConfigError, match=r"posewire\[plot\]"):
        run(config)
    assert not (tmp_path / "cache").exists()


def test_eval_without_pycocotools_is_told_before_the_work(
    labels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pycocotools", None)
    config = EvaluateConfig(labels, tmp_path / "cache", EngineConfig())
    with pytest.raises(ConfigError, match=r"posewire\[eval\]"):
        run(config)
    assert not (tmp_path / "cache").exists()


def test_eval_missing_labels_is_an_error_before_anything_is_loaded(tmp_path: Path) -> None:
    config = EvaluateConfig(tmp_path / "none.json", tmp_path / "cache", EngineConfig())
    with pytest.raises(LabelsError, match=r"none\.json"):
        run(config)
    assert not (tmp_path / "cache").exists()


@pytest.mark.weights
@pytest.mark.usefixtures("weights")
def test_eval_unwritable_predictions_are_named(
    labels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "no folder" / "found.json"
    assert main(["eval", str(labels), "--predictions", str(kept)]) == 1
    assert str(kept) in capsys.readouterr().err


class CountingPredictor:
    """Answers the sum of its inputs, and counts."""

    def __init__(self) -> None:
        self.runs = 0

    def run(self, inputs: Array) -> list[Array]:
        self.runs += 1
        return [inputs.sum(keepdims=True)]


def test_last_run_runs_again_only_for_other_inputs() -> None:
    predictor = CountingPredictor()
    last_run = CachedPredictor(predictor)
    inputs = np.ones((1, 3, 8, 8), np.float32)
    assert last_run.run(inputs)[0].item() == last_run.run(inputs.copy())[0].item() == 192
    assert predictor.runs == 1
    inputs[0, 0, 0, 0] = 2  # the caller may write into its buffer
    assert last_run.run(inputs)[0].item() == 193
    assert last_run.run(np.ones((1, 3, 8, 4), np.float32))[0].item() == 96
    assert predictor.runs == 3


@pytest.mark.weights
@pytest.mark.usefixtures("weights")
def test_eval_body_on_the_limbs_of_mpii_scores_what_both_have(
    labels: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    person = {"bbox": [5, 5, 30, 40], "keypoints": [[20, 20, 2]] * 16, "head_size": 5}
    change(labels, task="body_mpii", dataset="own", instances=[person])
    arguments = ["--task", "body_mpii", "--model", "body", "--modes", "fast", "openpose"]
    assert main(["eval", str(labels), *arguments, "--json"]) == 0
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (summary["model"], summary["task"]) == ("body", "body_mpii")
    assert list(summary["modes"]) == ["fast", "openpose"]
    assert (summary["PCKh@0.5"], summary["PCK@0.2"], summary["found"]) == (0.0, 0.0, 0.0)


@pytest.mark.weights
def test_eval_model_without_a_keypoint_of_the_task_is_unsuited(
    weights: StoredModel, labels: Path
) -> None:
    hand = {"bbox": [5, 5, 30, 40], "keypoints": [[20, 20, 2]] * 21}
    change(labels, task="hand21", dataset="own", instances=[hand])
    task = find_task("hand21")
    with pytest.raises(LabelsError, match="openpose18") as caught:
        evaluate(weights, task, read_labels(labels, task), EngineConfig())
    assert caught.value.reason == "TASK_UNSUITED"
