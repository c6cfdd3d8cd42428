"""How exact the models are on real pictures, by the metrics of their fields."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from posewire_server.errors import LabelsError, LocalReason
from posewire_server.inference.engine.engine_config import EngineConfig
from posewire_server.inference.engine.self_check import check_engines
from posewire_server.models.catalog.catalog import find_model
from posewire_server.models.weights.model_cache import ModelCache
from posewire_server.tools.benchmarks.figure import Figure
from posewire_server.tools.evaluation.evaluation import EvaluationMode, Result, evaluate
from posewire_server.tools.evaluation.labels import read_labels
from posewire_server.tools.evaluation.task import find_task

from tests.benchmarks import SHARED

_DEFAULT_LABELS = SHARED / "data" / "labels.json"


@dataclass(frozen=True)
class Trial:
    """A model in a task.

    Attributes:
        model: Its name.
        task: Name of the task.
        targets: What is told: names of figures, of all pictures or of a group of data sets after
            a colon, with what the default mode is held to; empty where nothing is demanded.
        is_given_boxes: Whether it is told where the labelled instances are.
        modes: Names of its modes; "" is its default one, none are all.
    """

    model: str
    task: str
    targets: Mapping[str, str]
    is_given_boxes: bool = False
    modes: tuple[str, ...] = ("",)


# What is demanded of hands is what MediaPipe 0.10.21 itself reaches on the same pictures.
TRIALS = (
    Trial("body", "body_multi", {"AP": ">= 0.315"}, modes=()),
    Trial("person", "body_mpii", {"PCKh@0.5": ">= 0.77", "PCK@0.2": ""}, is_given_boxes=True),
    Trial("people", "body_mpii", {"PCKh@0.5": "", "PCK@0.2": "", "found": ""}),
    Trial(
        "face",
        "face68",
        {
            "NME_inter_ocular": "<= 0.085",
            "NME_inter_ocular:2D": "<= 0.060",
            "NME_inter_ocular:3D": "",
            "found": ">= 0.9",
        },
    ),
    Trial("hand", "hand21", {"PCK@0.2": ">= 0.699", "AUC": ">= 0.528", "found": ">= 0.733"}),
)


def measure(cache: Path, labels: Path | None) -> list[Figure]:
    """Returns the figures of the models on labelled pictures.

    Args:
        cache: Folder of the weights.
        labels: Labels file; None for the one of the folder ``shared`` beside the project.

    Raises:
        LabelsError: LABELS_UNREADABLE where there is no labels file; see ``read_labels``.
        PosewireError: The weights or the engine are not to be had.
    """
    path = labels or _DEFAULT_LABELS
    if not path.exists():
        text = f"there is no labels file {path}; name one with --labels"
        raise LabelsError(LocalReason.LABELS_UNREADABLE, text)
    return [figure for trial in TRIALS for figure in run_trial(trial, cache, path)]


def run_trial(trial: Trial, cache: Path, labels: Path) -> list[Figure]:
    """Returns the figures of one model; see ``measure``."""
    task = find_task(trial.task)
    pictures = read_labels(labels, task)
    stored = ModelCache(cache, check_engines).pull(find_model(trial.model))
    boxes = trial.is_given_boxes
    evaluation = evaluate(stored, task, pictures, EngineConfig(), trial.modes, boxes=boxes)
    return [
        _figure(trial, name, way, result, is_held=way.mode == stored.spec.default_mode)
        for way, result in evaluation.results.items()
        if way.is_given_boxes == boxes
        for name in trial.targets
    ]


def _figure(
    trial: Trial, wanted: str, way: EvaluationMode, result: Result, *, is_held: bool
) -> Figure:
    name, _, group = wanted.partition(":")
    score = result.datasets[group] if group else result.score
    title = f"accuracy: {trial.model} ({way}), {name}{group and f' of {group} labels'}"
    target = trial.targets[wanted] if is_held else ""
    return Figure(title, score.figures[name], "", target, 1)
