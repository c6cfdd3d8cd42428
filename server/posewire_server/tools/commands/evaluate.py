"""``posewire-server eval``: scores a model on labelled pictures."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from posewire_server.errors import ConfigError, LocalReason
from posewire_server.inference.engine.engine_config import EngineConfig
from posewire_server.inference.engine.self_check import check_engines
from posewire_server.models.catalog.catalog import find_model
from posewire_server.models.weights.model_cache import ModelCache
from posewire_server.tools.evaluation.evaluation import evaluate
from posewire_server.tools.evaluation.labels import read_labels
from posewire_server.tools.evaluation.report import draw_curves, predictions, summary, tables
from posewire_server.tools.evaluation.task import TASKS, find_task, task_of
from posewire_server.tools.extras import require
from posewire_server.tools.media.terminal import ProgressBars


@dataclass(frozen=True)
class EvaluateConfig:
    """Settings of ``eval``.

    Attributes:
        task: Task of the labels; empty: the one that suits the model.
        model: Name or alias of the model; empty: the one that suits the task.
        modes: Modes of the model; empty: all.
        datasets: Names or shell patterns of the data sets; empty: the task's own.
        boxes: The model is also scored with the labelled boxes given.
        json: The last line is one JSON object.
    """

    labels: Path
    cache: Path
    engine: EngineConfig
    task: str = ""
    model: str = ""
    modes: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    boxes: bool = False
    json: bool = False
    predictions: Path | None = None
    plot: Path | None = None


def run(config: EvaluateConfig) -> int:
    """Scores and prints the tables; returns the exit code.

    Raises:
        PosewireError: The labels, the weights, the engine or a picture is not available, or a file
            cannot be written.
    """
    if config.plot is not None:
        require("matplotlib", "plot")
    task = find_task(config.task) if config.task else None
    model = find_model(config.model or (task or TASKS[0]).model)
    task = task or task_of(model.skeleton)
    if task.name == "body_multi":
        require("pycocotools", "eval")
    pictures = read_labels(config.labels, task, config.datasets)
    with ProgressBars() as progress:
        stored = ModelCache(config.cache, check_engines).pull(model, progress)
    with tqdm(total=len(pictures), desc="pictures", leave=False) as bar:
        evaluation = evaluate(
            stored,
            task,
            pictures,
            config.engine,
            config.modes,
            boxes=config.boxes,
            picture_done=bar.update,
        )
    print(tables(evaluation))
    if config.plot is not None:
        draw_curves(evaluation, config.plot)
    if config.predictions is not None:
        names = [str(picture.path.relative_to(config.labels.parent)) for picture in pictures]
        _write(config.predictions, predictions(evaluation, pictures, names))
    if config.json:
        print(json.dumps(summary(evaluation)), flush=True)
    return 0


def _write(path: Path, found: dict[str, Any]) -> None:
    try:
        path.write_text(json.dumps(found), encoding="utf-8")
    except OSError as error:
        text = f"what was found cannot be kept in {path}: {error.strerror}"
        raise ConfigError(LocalReason.PREDICTIONS_UNWRITABLE, text) from error
