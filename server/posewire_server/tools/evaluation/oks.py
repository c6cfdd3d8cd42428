"""Average precision over the object keypoint similarity (OKS), as COCO defines it."""

import contextlib
import io
from collections.abc import Iterable, Sequence
from typing import Any

import cv2
import numpy as np

from posewire_server.frame import Region
from posewire_server.pose import Poses
from posewire_server.tools.evaluation.keypoint_metrics import Curve
from posewire_server.tools.evaluation.labels import LabelledPicture
from posewire_server.tools.extras import require

# Indices of the figures in ``stats`` of pycocotools.
_INDICES = {"AP": 0, "AP50": 1, "AP75": 2, "AR": 5}


def score_oks(
    pictures: Sequence[LabelledPicture], found: Sequence[Poses]
) -> tuple[dict[str, float], Curve]:
    """Scores the poses found in each of the pictures, over COCO's 17 keypoints.

    Returns:
        ``AP`` and ``AR``: means of precision and recall over the OKS thresholds .50, .55, ... .95;
        ``AP50`` and ``AP75``: precision at one of them; NaN if no person is labelled. And the curve
        of the precision.

    Raises:
        ConfigError: EXTRA_MISSING without pycocotools.
    """
    require("pycocotools", "eval")
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    truth = COCO()
    truth.dataset = _ground_truth(pictures)
    results = [
        {"image_id": number, "category_id": 1, "score": float(score), "keypoints": keypoints}
        for number, poses in enumerate(found)
        for score, keypoints in zip(poses.scores, _coco_keypoints(poses), strict=True)
    ]
    with contextlib.redirect_stdout(io.StringIO()):  # pycocotools prints every step
        truth.createIndex()
        evaluation = COCOeval(truth, truth.loadRes(results) if results else COCO(), "keypoints")
        evaluation.params.imgIds = list(range(len(pictures)))
        evaluation.evaluate()
        for result in filter(None, evaluation.evalImgs):
            _ignore_unmatched(result, pictures[result["image_id"]], found[result["image_id"]])
        evaluation.accumulate()
        evaluation.summarize()
    values = {name: float(evaluation.stats[index]) for name, index in _INDICES.items()}
    figures = {name: value if value >= 0 else float("nan") for name, value in values.items()}
    precision = evaluation.eval["precision"][:, :, 0, 0, 0].mean(axis=1)
    precision[precision < 0] = np.nan
    return figures, Curve("OKS", "AP", evaluation.params.iouThrs, precision)


def _ground_truth(pictures: Iterable[LabelledPicture]) -> dict[str, Any]:
    persons = [(number, p) for number, picture in enumerate(pictures) for p in picture.instances]
    return {
        "images": [{"id": number} for number, _ in enumerate(pictures)],
        "categories": [{"id": 1, "name": "person"}],
        "annotations": [
            {
                "id": identity,
                "image_id": number,
                "category_id": 1,
                "keypoints": person.keypoints.ravel().tolist(),
                "num_keypoints": int(person.labelled.sum()),
                "bbox": _corner_and_size(person.box),
                "area": person.area,
                "iscrowd": int(person.is_crowd),
            }
            for identity, (number, person) in enumerate(persons, start=1)
        ],
    }


def _corner_and_size(box: Region) -> list[float]:
    return [box.x_min, box.y_min, box.x_max - box.x_min, box.y_max - box.y_min]


def _coco_keypoints(poses: Poses) -> list[list[float]]:
    keypoints = np.nan_to_num(poses.keypoints.astype(np.float64), nan=0.0)
    return [pose.ravel().tolist() for pose in keypoints]


def _ignore_unmatched(result: dict[str, Any], picture: LabelledPicture, poses: Poses) -> None:
    """Ignores unmatched poses in regions whose persons may be unlabelled."""
    unmatched = result["dtMatches"] == 0
    if not picture.is_exhaustive:
        result["dtIgnore"] |= unmatched
        return
    order = np.argsort(-poses.scores, kind="mergesort")[: result["dtIgnore"].shape[1]]
    there = poses.found[order, :, None]
    sums = poses.keypoints[order, :, :2].sum(axis=1, where=there)
    centres = sums / np.maximum(1, there.sum(axis=1))
    inside = [
        any(
            cv2.pointPolygonTest(region, (float(x), float(y)), measureDist=False) >= 0
            for region in picture.ignore_regions
        )
        for x, y in centres
    ]
    result["dtIgnore"] |= unmatched & np.asarray(inside, bool)
