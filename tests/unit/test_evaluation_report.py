import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from posewire_server.errors import ConfigError
from posewire_server.inference.engine.engine_config import EngineConfig
from posewire_server.models.catalog.catalog import BODY
from posewire_server.pose import Poses
from posewire_server.tools.evaluation.evaluation import Evaluation, EvaluationMode, Result
from posewire_server.tools.evaluation.keypoint_metrics import Curve
from posewire_server.tools.evaluation.labels import LabelledPicture
from posewire_server.tools.evaluation.report import draw_curves, predictions, summary, tables
from posewire_server.tools.evaluation.score import Score
from posewire_server.tools.evaluation.task import find_task

CURVE = Curve("distance", "share", np.linspace(0, 1, 5), np.linspace(0, 1, 5))
NAN = float("nan")


def result(pck: float, nme: float = NAN) -> Result:
    keypoints = np.full((1, 2, 3), (1.0, 2.0, 0.5), np.float32)
    keypoints[0, 1] = (np.nan, np.nan, 0)
    score = Score({"PCK": pck, "NME": nme, "images": 1, "hands": 2}, CURVE)
    parts = {"one": Score({**score.figures, "PCK": 0.25}, CURVE), "two": score}
    return Result([Poses(keypoints, np.ones(1, np.float32))], score, parts)


def evaluation(results: dict[EvaluationMode, Result]) -> Evaluation:
    return Evaluation(BODY, find_task("hand21"), EngineConfig("plain", "fp32", 2), results)


PLAIN = evaluation(
    {EvaluationMode("fast"): result(0.5), EvaluationMode("paddlehub"): result(0.125, 0.1)}
)
GIVEN = evaluation(
    {EvaluationMode("fast", is_given_boxes=True): result(0.75), EvaluationMode("fast"): result(0.5)}
)


def test_tables_have_a_row_for_each_decoder_and_each_data_set() -> None:
    modes, datasets = tables(PLAIN).split("\n\n")
    header, _, *rows = (line.split() for line in modes.splitlines())
    assert header == ["mode", "PCK", "NME", "images", "hands"]
    assert rows == [["fast", "0.500", "-", "1", "2"], ["paddlehub", "0.125", "0.100", "1", "2"]]
    header, _, *rows = (line.split() for line in datasets.splitlines())
    assert header[:2] == ["fast", "PCK"]
    assert [row[:2] for row in rows] == [["one", "0.250"], ["two", "0.500"]]


def test_tables_of_data_sets_are_of_each_way_to_be_told_where() -> None:
    modes, given, alone = tables(GIVEN).split("\n\n")
    assert "fast, given boxes" in modes
    assert given.startswith("fast, given boxes  ")
    assert alone.startswith("fast  ")


def test_summary_has_the_first_decoder_at_the_top() -> None:
    found = summary(PLAIN)
    assert (found["model"], found["task"], found["mode"]) == ("body", "hand21", "fast")
    assert found["engine"] == {"engine": "plain", "precision": "fp32", "threads": 2}
    assert (found["PCK"], found["images"], found["hands"]) == (0.5, 1, 2)
    assert found["datasets"]["one"]["PCK"] == 0.25
    assert found["modes"]["paddlehub"]["PCK"] == 0.125
    assert not found["boxes"]
    assert "whole_picture" not in found


def test_summary_with_boxes_has_the_whole_picture_beside() -> None:
    found = summary(GIVEN)
    assert found["boxes"]
    assert found["PCK"] == found["modes"]["fast"]["PCK"] == 0.75
    assert found["whole_picture"]["fast"]["PCK"] == 0.5


def test_summary_is_json_without_numbers_that_are_none() -> None:
    text = json.dumps(summary(PLAIN), allow_nan=False)
    assert json.loads(text)["NME"] is None


def test_predictions_name_pictures_and_leave_out_what_was_not_found() -> None:
    picture = LabelledPicture(Path("a/b.png"), "own", (64, 48), ())
    kept = predictions(PLAIN, [picture], ["b.png"])
    (image,) = kept["images"]
    assert (image["file"], image["width"], image["height"]) == ("b.png", 64, 48)
    (pose,) = image["poses"]["paddlehub"]
    assert pose == {"score": 1.0, "keypoints": [[1.0, 2.0, 0.5], [None, None, 0.0]]}


def test_draw_curves_writes_a_picture(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="plots need matplotlib")
    draw_curves(PLAIN, tmp_path / "curves.png")
    drawn = cv2.imread(str(tmp_path / "curves.png"))
    assert drawn is not None
    assert drawn.std() > 5


def test_draw_curves_into_no_folder_is_named(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="plots need matplotlib")
    with pytest.raises(ConfigError, match="nowhere") as caught:
        draw_curves(PLAIN, tmp_path / "nowhere" / "curves.png")
    assert caught.value.reason == "OUTPUT_UNWRITABLE"
