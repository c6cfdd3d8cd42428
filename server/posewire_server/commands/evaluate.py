"""``posewire-server eval``: score the pictures beside a labels file."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from posewire_server.accuracy import Accuracy
from posewire_server.errors import ConfigError
from posewire_server.evaluation import Evaluation, evaluate
from posewire_server.labels import LabelledPicture, read_labels
from posewire_server.models.catalog import find_model
from posewire_server.models.library import Library
from posewire_server.pipeline import EngineConfig
from posewire_server.pose import Poses
from posewire_server.progress import ProgressBars


@dataclass(frozen=True)
class EvaluateConfig:
    """What to score, and how.

    Attributes:
        labels: The labels file.
        cache: Folder of the weights.
        engine: What runs the network.
        model: Name or alias of the model.
        decoders: Names of the model's decoders, all run on the same maps; empty for all it has.
        datasets: Names or shell patterns of the datasets to score.
        json: Whether to end with one JSON object on the last line.
        predictions: File to keep the poses in, or None.
    """

    labels: Path
    cache: Path
    engine: EngineConfig
    model: str = "body"
    decoders: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ("coco_*",)
    json: bool = False
    predictions: Path | None = None


def run(config: EvaluateConfig) -> int:
    """Scores, prints the table and keeps the poses if asked to; returns the exit code.

    Raises:
        PosewireError: The labels, the weights, the engine or a picture are not to be had, or the
            poses can not be kept.
    """
    pictures = read_labels(config.labels, datasets=config.datasets)
    with ProgressBars() as progress:
        stored = Library(config.cache).pull(find_model(config.model), progress)
    with tqdm(total=len(pictures), desc="pictures", leave=False) as bar:
        evaluation = evaluate(stored, pictures, config.engine, config.decoders, bar.update)
    _print_table(evaluation)
    if config.predictions is not None:
        _keep(config.predictions, _predictions(config.labels, pictures, evaluation))
    if config.json:
        print(json.dumps(_summary(evaluation)), flush=True)
    return 0


def _keep(path: Path, predictions: dict[str, Any]) -> None:
    try:
        path.write_text(json.dumps(predictions), encoding="utf-8")
    except OSError as error:
        text = f"what was found can not be kept in {path}: {error.strerror}"
        raise ConfigError("PREDICTIONS_UNWRITABLE", text) from error


def _print_table(evaluation: Evaluation) -> None:
    print(
        f"{'decoder':12} {'AP':>6} {'AP50':>6} {'AP75':>6} {'AR':>6} {'images':>7} {'persons':>8}"
    )
    for name, result in evaluation.accuracy.items():
        print(
            f"{name:12} {result.ap:6.3f} {result.ap50:6.3f} {result.ap75:6.3f} {result.ar:6.3f} "
            f"{result.images:7} {result.persons:8}"
        )


def _summary(evaluation: Evaluation) -> dict[str, Any]:
    """Returns the accuracy of the first decoder, and under ``decoders`` that of each."""
    decoders = {name: _figures(result) for name, result in evaluation.accuracy.items()}
    first = next(iter(decoders))
    return {
        "model": evaluation.model.name,
        "engine": asdict(evaluation.engine),
        "decoder": first,
        **decoders[first],
        "decoders": decoders,
    }


def _figures(accuracy: Accuracy) -> dict[str, float]:
    return {
        "AP": accuracy.ap,
        "AP50": accuracy.ap50,
        "AP75": accuracy.ap75,
        "AR": accuracy.ar,
        "images": accuracy.images,
        "persons": accuracy.persons,
    }


def _predictions(
    labels: Path, pictures: Sequence[LabelledPicture], evaluation: Evaluation
) -> dict[str, Any]:
    """Returns what was found: x, y, score of each keypoint; x and y are null where missing."""
    return {
        "model": evaluation.model.name,
        "keypoints": evaluation.model.skeleton.keypoints,
        "coordinates": "pixels, origin at the top-left corner of the top-left pixel",
        "images": [
            {
                "file": str(picture.path.relative_to(labels.parent)),
                "width": picture.size[0],
                "height": picture.size[1],
                "poses": {name: _to_lists(evaluation.found[name][n]) for name in evaluation.found},
            }
            for n, picture in enumerate(pictures)
        ],
    }


def _to_lists(poses: Poses) -> list[dict[str, Any]]:
    return [
        {"score": round(float(pose_score), 4), "keypoints": [_to_list(*point) for point in points]}
        for pose_score, points in zip(poses.scores, poses.keypoints.tolist(), strict=True)
    ]


def _to_list(x: float, y: float, keypoint_score: float) -> list[float | None]:
    found = [None, None] if math.isnan(x) else [round(x, 3), round(y, 3)]
    return [*found, round(keypoint_score, 4)]
