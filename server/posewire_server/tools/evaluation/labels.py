"""Labelled pictures for scoring.

A labels file is JSON: ``{"images": [{"file", "task", "dataset", "label_kind", "width", "height",
"exhaustive", "ignore_regions", "instances": [{"bbox", "keypoints", "skeleton", "area", "iscrowd",
"normalizer", "head_size", "center", "scale", ...}]}]}``, with files relative to it, keypoints in
the order of their task's skeleton and the origin at the centre of the first pixel.
"""

import fnmatch
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from posewire_server.errors import LabelsError, LocalReason
from posewire_server.frame import Region
from posewire_server.tools.evaluation.task import Task

# Share of a person in their box, for labels without a segment: the mean over COCO's persons.
_AREA_OF_BOX = 0.53
# MPII gives the centre of a person and a height in units of 200 pixels instead of a box.
_MPII_UNIT = 200.0
# From the centre of a pixel, the origin of the file, to its corner, the origin of posewire.
_CORNER = 0.5
# Names of the lengths that distances are divided by.
SIZES = ("box_max", "box_sqrt", "inter_ocular", "inter_pupil", "head")


@dataclass(frozen=True, eq=False)
class Instance:
    """One labelled person, face or hand.

    Attributes:
        keypoints: (K, 3): x, y in pixels of the frame with the origin at the top-left corner, and a
            visibility that is 0 if the keypoint is not labelled.
        box: The box that a model is given.
        area: Area of the person's segment, in square pixels.
        is_crowd: It stands for a crowd, which is not scored.
        sizes: Lengths in pixels by the names of ``SIZES``; those that the labels have.
    """

    keypoints: npt.NDArray[np.float64]
    box: Region
    area: float
    is_crowd: bool = False
    sizes: Mapping[str, float] = field(default_factory=dict)

    @property
    def labelled(self) -> npt.NDArray[np.bool_]:
        """(K,) labelled keypoints."""
        return self.keypoints[:, 2] > 0

    @property
    def counts(self) -> bool:
        """Whether it is scored: a single instance with a labelled keypoint."""
        return not self.is_crowd and bool(self.labelled.any())


@dataclass(frozen=True, eq=False)
class LabelledPicture:
    """One picture and its labelled instances.

    Attributes:
        size: (width, height) in pixels.
        is_exhaustive: Everybody is labelled; otherwise unmatched poses are no mistakes.
        ignore_regions: (N, 2) polygons in which nobody is labelled, in coordinates of keypoints.
    """

    path: Path
    dataset: str
    size: tuple[int, int]
    instances: tuple[Instance, ...]
    is_exhaustive: bool = True
    ignore_regions: tuple[npt.NDArray[np.float32], ...] = ()


def read_labels(path: Path, task: Task, datasets: Sequence[str] = ()) -> list[LabelledPicture]:
    """Reads the pictures of one task and of the chosen data sets.

    Labels that a model made (``label_kind`` ``pseudo...``) are left out: a score against them
    measures the likeness to that model.

    ``datasets`` are names or shell patterns; empty: the task's own.

    Raises:
        LabelsError: LABELS_UNREADABLE, LABELS_MALFORMED, or LABELS_EMPTY if nobody is labelled.
    """
    patterns = datasets or task.datasets
    try:
        suited = [
            record
            for record in _records(path)
            if record["task"] == task.name
            and not str(record.get("label_kind", "")).startswith("pseudo")
        ]
        chosen = [
            _picture(path.parent, record, len(task.skeleton.keypoints))
            for record in suited
            if any(fnmatch.fnmatchcase(record["dataset"], pattern) for pattern in patterns)
        ]
        known = sorted({record["dataset"] for record in suited})
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        text = f"{path} is no labels file of the known format: {type(error).__name__}: {error}"
        raise LabelsError(LocalReason.LABELS_MALFORMED, text) from error
    if not any(instance.counts for picture in chosen for instance in picture.instances):
        text = (
            f"{path} labels nobody for task {task.name} in data sets {', '.join(patterns)}; "
            f"it has {', '.join(known) or 'none'}"
        )
        raise LabelsError(LocalReason.LABELS_EMPTY, text)
    return chosen


def _records(path: Path) -> list[Mapping[str, Any]]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        text = f"the labels file {path} cannot be read: {error.strerror}"
        raise LabelsError(LocalReason.LABELS_UNREADABLE, text) from error
    except ValueError as error:
        raise LabelsError(LocalReason.LABELS_MALFORMED, f"{path} is no JSON: {error}") from error
    records = content.get("images") if isinstance(content, dict) else None
    if not isinstance(records, list):
        raise LabelsError(LocalReason.LABELS_MALFORMED, f'{path} lacks the list "images"')
    return records


def _picture(folder: Path, record: Mapping[str, Any], keypoint_count: int) -> LabelledPicture:
    return LabelledPicture(
        path=folder / record["file"],
        dataset=record["dataset"],
        size=(int(record["width"]), int(record["height"])),
        instances=tuple(_instance(each, keypoint_count) for each in record["instances"]),
        is_exhaustive=bool(record.get("exhaustive", True)),
        ignore_regions=tuple(
            np.asarray(region, np.float32).reshape(-1, 2) + np.float32(_CORNER)
            for region in record.get("ignore_regions", ())
        ),
    )


def _instance(record: Mapping[str, Any], keypoint_count: int) -> Instance:
    keypoints = np.array(record["keypoints"], np.float64).reshape(keypoint_count, 3)
    keypoints[:, :2] += _CORNER
    _, _, width, height = (float(value) for value in record["bbox"])
    return Instance(
        keypoints,
        _box(record),
        area=float(record.get("area") or _AREA_OF_BOX * width * height),
        is_crowd=bool(record.get("iscrowd", 0)),
        sizes=_sizes(record, max(width, height)),
    )


def _box(record: Mapping[str, Any]) -> Region:
    if "center" in record and "scale" in record:
        x, y = (float(value) for value in record["center"])
        width = height = _MPII_UNIT * float(record["scale"])
        x, y = x - width / 2, y - height / 2
    else:
        x, y, width, height = (float(value) for value in record["bbox"])
    x, y = x + _CORNER, y + _CORNER
    return Region(x, y, x + width, y + height)


def _sizes(record: Mapping[str, Any], box_max: float) -> dict[str, float]:
    given = record.get("normalizer", {})
    found = {
        "box_max": given.get("bbox_max", box_max),
        "box_sqrt": given.get("bbox_sqrt"),
        "inter_ocular": given.get("inter_ocular"),
        "inter_pupil": given.get("inter_pupil"),
        "head": record.get("head_size"),
    }
    return {name: float(size) for name, size in found.items() if size}
