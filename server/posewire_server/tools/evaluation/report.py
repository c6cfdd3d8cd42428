"""Reports of an evaluation: tables, plain data and curves."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from posewire_server.errors import ConfigError, LocalReason
from posewire_server.pose import Poses
from posewire_server.tools.evaluation.evaluation import Evaluation, Result
from posewire_server.tools.evaluation.labels import LabelledPicture
from posewire_server.tools.evaluation.score import Score
from posewire_server.tools.extras import require
from posewire_server.tools.media.terminal import format_table


def tables(evaluation: Evaluation) -> str:
    """Returns a table of all evaluation modes, and one by data set of the first of them.

    If boxes were given, the first mode without boxes has a table by data set, too.
    """
    parts = [_table("mode", {str(way): r.score for way, r in evaluation.results.items()})]
    shown: set[bool] = set()
    for way, result in evaluation.results.items():
        if way.is_given_boxes not in shown and len(result.datasets) > 1:
            parts.append(_table(str(way), result.datasets))
        shown.add(way.is_given_boxes)
    return "\n\n".join(parts)


def _table(title: str, scores: Mapping[str, Score]) -> str:
    header = [title, *next(iter(scores.values())).figures]
    rows = [[name, *map(_cell, score.figures.values())] for name, score in scores.items()]
    return format_table(header, rows)


def _cell(value: float) -> str:
    if isinstance(value, int):
        return str(value)
    return "-" if math.isnan(value) else f"{value:.3f}"


def summary(evaluation: Evaluation) -> dict[str, Any]:
    """Returns the figures; null if the labels do not allow for one.

    At the top are those of the first mode, with boxes if they were given; ``datasets`` has the same
    for each data set, ``modes`` for each mode. If boxes were given, ``whole_picture`` has the
    figures of each mode without them.
    """
    ways = evaluation.results
    given = any(way.is_given_boxes for way in ways)
    modes = {w.mode: _figures(r) for w, r in ways.items() if w.is_given_boxes == given}
    alone = {w.mode: _figures(r) for w, r in ways.items() if not w.is_given_boxes}
    first = next(iter(modes))
    return {
        "model": evaluation.model.name,
        "task": evaluation.task.name,
        "engine": {
            name: getattr(evaluation.engine, name) for name in ("engine", "precision", "threads")
        },
        "boxes": given,
        "mode": first,
        **modes[first],
        "modes": modes,
        **({"whole_picture": alone} if given else {}),
    }


def _figures(result: Result) -> dict[str, Any]:
    datasets = {name: _finite(score) for name, score in result.datasets.items()}
    return {**_finite(result.score), "datasets": datasets}


def _finite(score: Score) -> dict[str, float | None]:
    return {name: None if math.isnan(x) else x for name, x in score.figures.items()}


def predictions(
    evaluation: Evaluation, pictures: Sequence[LabelledPicture], names: Sequence[str]
) -> dict[str, Any]:
    """Returns x, y and score of each keypoint by file; x and y are null if it was not found."""
    return {
        "model": evaluation.model.name,
        "keypoints": evaluation.model.skeleton.keypoints,
        "coordinates": "pixels, origin at the top-left corner of the top-left pixel",
        "images": [
            {
                "file": name,
                "width": picture.size[0],
                "height": picture.size[1],
                "poses": {
                    str(way): _to_lists(result.found[n])
                    for way, result in evaluation.results.items()
                },
            }
            for n, (picture, name) in enumerate(zip(pictures, names, strict=True))
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


def draw_curves(evaluation: Evaluation, path: Path) -> None:
    """Draws the main figure over its threshold: of every mode, and of the first by data set.

    Raises:
        ConfigError: EXTRA_MISSING without matplotlib, OUTPUT_UNWRITABLE.
    """
    require("matplotlib", "plot")
    from matplotlib.figure import Figure

    drawing = Figure(figsize=(8, 5), layout="constrained")
    axes = drawing.subplots()
    for way, result in evaluation.results.items():
        curve = result.score.curve
        axes.plot(curve.x, curve.y, linewidth=2.5, label=str(way))
    first = next(iter(evaluation.results.values()))
    for name, score in first.datasets.items():
        axes.plot(score.curve.x, score.curve.y, linewidth=0.9, linestyle="--", label=name)
    axes.set(xlabel=first.score.curve.x_name, ylabel=first.score.curve.y_name, ylim=(0, 1))
    axes.set_xlim(first.score.curve.x[0], first.score.curve.x[-1])
    axes.set_title(f"{evaluation.model.name} on {evaluation.task.name}")
    axes.grid(alpha=0.3)
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    try:
        drawing.savefig(path, dpi=120)
    except OSError as error:
        text = f"the plot cannot be written to {path}: {error.strerror}"
        raise ConfigError(LocalReason.OUTPUT_UNWRITABLE, text) from error
