"""Labelled pictures for scoring.

A labels file is JSON: ``{"images": [{"file", "task", "dataset", "width", "height", "exhaustive",
"ignore_regions", "instances": [{"bbox", "keypoints", "area", "iscrowd", ...}]}]}``, with files
relative to it and keypoints in COCO's order, their origin at the centre of the first pixel.
"""

import fnmatch
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from posewire_server.errors import LabelsError

# Of a person's box, for labels without a segment: the mean over COCO's persons.
_AREA_OF_BOX = 0.53


@dataclass(frozen=True, eq=False)
class Person:
    """One labelled person.

    Attributes:
        keypoints: (17, 3) float64 in COCO's order: x, y in pixels of the frame with the origin at
            the top-left corner, and a visibility that is 0 where the keypoint is not labelled.
        box: x, y, width, height.
        area: Of the person's segment, in square pixels.
        is_crowd: Whether it stands for a crowd, which is not scored.
    """

    keypoints: npt.NDArray[np.float64]
    box: tuple[float, float, float, float]
    area: float
    is_crowd: bool

    @property
    def counts(self) -> bool:
        """Whether the person is to be found: a single one with a labelled keypoint."""
        return not self.is_crowd and bool((self.keypoints[:, 2] > 0).any())


@dataclass(frozen=True, eq=False)
class LabelledPicture:
    """One picture and who is in it.

    Attributes:
        path: The image file.
        size: (width, height) in pixels.
        persons: The labelled persons.
        is_exhaustive: Whether everybody is labelled; else poses of nobody labelled are no mistakes.
        ignore_regions: (N, 2) float32 polygons inside which nobody is labelled, as keypoints.
    """

    path: Path
    size: tuple[int, int]
    persons: tuple[Person, ...]
    is_exhaustive: bool
    ignore_regions: tuple[npt.NDArray[np.float32], ...]


def read_labels(
    path: Path, task: str = "body_multi", datasets: Sequence[str] = ("coco_*",)
) -> list[LabelledPicture]:
    """Reads the pictures of one task and of the chosen datasets.

    Args:
        path: The labels file.
        task: Of the pictures to read.
        datasets: Names or shell patterns.

    Raises:
        LabelsError: LABELS_UNREADABLE, LABELS_MALFORMED, or LABELS_EMPTY where nobody is labelled.
    """
    records = _records(path)
    try:
        chosen = [
            _picture(path.parent, record)
            for record in records
            if record["task"] == task
            and any(fnmatch.fnmatchcase(record["dataset"], pattern) for pattern in datasets)
        ]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        text = f"{path} is no labels file of the known format: {type(error).__name__}: {error}"
        raise LabelsError("LABELS_MALFORMED", text) from error
    if not any(person.counts for picture in chosen for person in picture.persons):
        wanted = ", ".join(datasets)
        text = f"{path} labels nobody for task {task} in datasets {wanted}; choose others"
        raise LabelsError("LABELS_EMPTY", text)
    return chosen


def _records(path: Path) -> list[Mapping[str, Any]]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        text = f"the labels file {path} can not be read: {error.strerror}"
        raise LabelsError("LABELS_UNREADABLE", text) from error
    except ValueError as error:
        raise LabelsError("LABELS_MALFORMED", f"{path} is no JSON: {error}") from error
    records = content.get("images") if isinstance(content, dict) else None
    if not isinstance(records, list):
        raise LabelsError("LABELS_MALFORMED", f'{path} lacks the list "images"')
    return records


def _picture(folder: Path, record: Mapping[str, Any]) -> LabelledPicture:
    return LabelledPicture(
        path=folder / record["file"],
        size=(int(record["width"]), int(record["height"])),
        persons=tuple(_person(instance) for instance in record["instances"]),
        is_exhaustive=bool(record.get("exhaustive", True)),
        ignore_regions=tuple(
            np.asarray(region, np.float32).reshape(-1, 2) + np.float32(0.5)
            for region in record.get("ignore_regions", ())
        ),
    )


def _person(instance: Mapping[str, Any]) -> Person:
    keypoints = np.array(instance["keypoints"], np.float64).reshape(17, 3)
    keypoints[:, :2] += 0.5  # from the pixel's centre to its corner
    x, y, width, height = (float(value) for value in instance["bbox"])
    area = float(instance.get("area") or _AREA_OF_BOX * width * height)
    return Person(keypoints, (x, y, width, height), area, bool(instance.get("iscrowd", 0)))
