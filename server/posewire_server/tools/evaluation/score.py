"""Scores of found poses: the figures of each task, for all pictures and by data set."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from posewire_server.pose import Poses
from posewire_server.tools.evaluation.distance import Distances, measure
from posewire_server.tools.evaluation.keypoint_metrics import (
    Curve,
    area_under_pck,
    ced_curve,
    mean_distance,
    nme,
    pck,
    pck_curve,
)
from posewire_server.tools.evaluation.labels import LabelledPicture
from posewire_server.tools.evaluation.oks import score_oks
from posewire_server.tools.evaluation.task import Task, Translation


@dataclass(frozen=True, eq=False)
class Score:
    """Figures by name, NaN if the labels do not allow for one; the main one over its threshold."""

    figures: Mapping[str, float]
    curve: Curve


def score(
    task: Task,
    pictures: Sequence[LabelledPicture],
    found: Sequence[Poses],
    translation: Translation,
    *,
    in_order: bool = False,
) -> Score:
    """Scores the poses found in pictures.

    Args:
        translation: Maps them to the task's skeleton.
        in_order: There is one pose for each instance that counts, in their order.

    Returns:
        The figures of the task, and the numbers of ``images`` and of persons, faces or hands.
    """
    translated = [translation(poses) for poses in found]
    if task.name == "body_multi":
        result = Score(*score_oks(pictures, translated))
    else:
        known = translation.known & ~np.isin(task.skeleton.keypoints, task.left_out)
        distances = measure(pictures, translated, known, in_order=in_order)
        result = _SCORES[task.name](distances)
    instances = sum(instance.counts for picture in pictures for instance in picture.instances)
    counts = {"images": len(pictures), task.noun: instances}
    return Score({**result.figures, **counts}, result.curve)


def score_datasets(
    task: Task,
    pictures: Sequence[LabelledPicture],
    found: Sequence[Poses],
    translation: Translation,
    *,
    in_order: bool = False,
) -> dict[str, Score]:
    """Scores each data set, and each of the task's groups of them; see ``score``."""
    names = sorted({picture.dataset for picture in pictures})
    wanted = {name: (name,) for name in names} | dict(task.groups)
    scores: dict[str, Score] = {}
    for title, members in wanted.items():
        chosen = [n for n, picture in enumerate(pictures) if picture.dataset in members]
        if chosen:
            parts = [pictures[n] for n in chosen], [found[n] for n in chosen]
            scores[title] = score(task, *parts, translation, in_order=in_order)
    return scores


def score_body(distances: Distances) -> Score:
    """PCKh@0.5 of the persons with a head size, and PCK@0.2 of the larger side of the box."""
    over_head = distances.over("head")
    figures = {
        "PCKh@0.5": pck(over_head, 0.5),
        "PCK@0.2": pck(distances.over("box_max"), 0.2),
        "found": distances.found_share,
    }
    return Score(figures, pck_curve(over_head, 0.5, "head size"))


def score_face(distances: Distances) -> Score:
    """NME over the outer corners of the eyes, the pupils and the root of the box's area."""
    over_eyes = distances.over("inter_ocular")
    figures = {
        "NME_inter_ocular": nme(over_eyes),
        "NME_inter_pupil": nme(distances.over("inter_pupil")),
        "NME_box": nme(distances.over("box_sqrt")),
        "found": distances.found_share,
    }
    return Score(figures, ced_curve(over_eyes, 0.2, "inter-ocular distance"))


def score_hand(distances: Distances) -> Score:
    """PCK@0.2 of the larger side of the box, the area under it (AUC), and the mean distance."""
    over_box = distances.over("box_max")
    figures = {
        "PCK@0.2": pck(over_box, 0.2),
        "AUC": area_under_pck(over_box, 0.2),
        "EPE_box": mean_distance(over_box),
        "EPE_px": mean_distance(distances.pixels),
        "found": distances.found_share,
    }
    return Score(figures, pck_curve(over_box, 0.2, "larger side of the box"))


_SCORES = {"body_mpii": score_body, "face68": score_face, "hand21": score_hand}
