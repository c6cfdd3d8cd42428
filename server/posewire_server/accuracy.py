"""Scores poses against labelled pictures, as COCO does (object keypoint similarity, OKS)."""

import contextlib
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from posewire_server.labels import LabelledPicture
from posewire_server.pose import Poses
from posewire_server.skeletons import COCO17, Skeleton


@dataclass(frozen=True)
class Accuracy:
    """How well poses fit labels: means over OKS thresholds .50, .55, ... .95, and two single ones.

    Attributes:
        ap: Average precision.
        ap50: Average precision at OKS .50.
        ap75: Average precision at OKS .75.
        ar: Average recall.
        images: Pictures scored.
        persons: Persons in them that count.
    """

    ap: float
    ap50: float
    ap75: float
    ar: float
    images: int
    persons: int


def score(
    pictures: Sequence[LabelledPicture], found: Sequence[Poses], skeleton: Skeleton
) -> Accuracy:
    """Scores the poses found in pictures.

    Args:
        pictures: P labelled pictures.
        found: The poses of each, over ``skeleton``.
        skeleton: Must have COCO's 17 keypoints by name; others are left out.
    """
    truth = COCO()
    truth.dataset = _ground_truth(pictures)
    index = [skeleton.keypoints.index(name) for name in COCO17.keypoints]
    results = [
        {"image_id": number, "category_id": 1, "score": float(pose_score), "keypoints": keypoints}
        for number, poses in enumerate(found)
        for pose_score, keypoints in zip(poses.scores, _coco_keypoints(poses, index), strict=True)
    ]
    with contextlib.redirect_stdout(io.StringIO()):  # pycocotools tells of every step
        truth.createIndex()
        evaluation = COCOeval(truth, truth.loadRes(results) if results else COCO(), "keypoints")
        evaluation.params.imgIds = list(range(len(pictures)))
        evaluation.evaluate()
        for result in filter(None, evaluation.evalImgs):
            _excuse(result, pictures[result["image_id"]], found[result["image_id"]])
        evaluation.accumulate()
        evaluation.summarize()
    ap, ap50, ap75, _, _, ar = (float(value) for value in evaluation.stats[:6])
    persons = sum(person.counts for picture in pictures for person in picture.persons)
    return Accuracy(ap, ap50, ap75, ar, len(pictures), persons)


def _ground_truth(pictures: Iterable[LabelledPicture]) -> dict[str, Any]:
    persons = [(number, p) for number, picture in enumerate(pictures) for p in picture.persons]
    return {
        "images": [{"id": number} for number, _ in enumerate(pictures)],
        "categories": [{"id": 1, "name": "person"}],
        "annotations": [
            {
                "id": identity,
                "image_id": number,
                "category_id": 1,
                "keypoints": person.keypoints.ravel().tolist(),
                "num_keypoints": int((person.keypoints[:, 2] > 0).sum()),
                "bbox": list(person.box),
                "area": person.area,
                "iscrowd": int(person.is_crowd),
            }
            for identity, (number, person) in enumerate(persons, start=1)
        ],
    }


def _coco_keypoints(poses: Poses, index: Sequence[int]) -> list[list[float]]:
    keypoints = np.nan_to_num(poses.keypoints[:, index].astype(np.float64), nan=0.0)
    return [pose.ravel().tolist() for pose in keypoints]


def _excuse(result: dict[str, Any], picture: LabelledPicture, poses: Poses) -> None:
    """Ignores unmatched poses where persons may be that nobody labelled."""
    unmatched = result["dtMatches"] == 0
    if not picture.is_exhaustive:
        result["dtIgnore"] |= unmatched
        return
    order = np.argsort(-poses.scores, kind="mergesort")[: result["dtIgnore"].shape[1]]
    centres = np.nanmean(poses.keypoints[order, :, :2], axis=1)
    inside = [
        any(
            cv2.pointPolygonTest(region, (float(x), float(y)), measureDist=False) >= 0
            for region in picture.ignore_regions
        )
        for x, y in centres
    ]
    result["dtIgnore"] |= unmatched & np.asarray(inside, bool)
