"""Distances of found keypoints from the labelled ones, instance by instance."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from posewire_server.inference.decode.anchors import overlap
from posewire_server.pose import Poses
from posewire_server.tools.evaluation.labels import SIZES, Instance, LabelledPicture

Array = npt.NDArray[np.float64]

# Lowest overlap (intersection over union) of the boxes of a pose and its instance. It is low: the
# figures measure how far the keypoints are off.
LEAST_OVERLAP = 0.1
# A box covers the pixels of its keypoints, not only their centres.
_MARGIN_PX = 0.5


@dataclass(frozen=True, eq=False)
class Distances:
    """Distances of N instances of K keypoints, and the lengths that normalise them.

    Attributes:
        pixels: (N, K): NaN if the keypoint is not labelled or the model lacks it; infinite if it
            was not found.
        sizes: (N,) by name: lengths of each instance in pixels, NaN if the labels have none.
    """

    pixels: Array
    sizes: dict[str, Array]

    def over(self, size: str) -> Array:
        """Returns (M, K) distances in units of a size, for the instances that have it."""
        units = self.sizes[size]
        return np.asarray(self.pixels[units > 0] / units[units > 0, None])

    @property
    def found_share(self) -> float:
        """Share of the instances with a found keypoint; NaN if there is no instance."""
        found = np.isfinite(self.pixels).any(axis=1)
        return float(found.mean()) if found.size else float("nan")


def measure(
    pictures: Sequence[LabelledPicture],
    found: Sequence[Poses],
    known: npt.NDArray[np.bool_],
    *,
    in_order: bool = False,
) -> Distances:
    """Measures the distances of all instances that count.

    Args:
        known: (K,) keypoints that the model has; others are left out.
        in_order: The poses are those of the instances, in the same order, because the model was
            given their boxes. Otherwise they are matched by their boxes.
    """
    instances: list[Instance] = []
    rows: list[Array] = []
    for picture, poses in zip(pictures, found, strict=True):
        counted = [instance for instance in picture.instances if instance.counts]
        points_found = poses.keypoints[:, :, :2].astype(np.float64)
        order = range(len(poses)) if in_order else _match(counted, points_found, known)
        rows += [
            _row(instance, points_found[pose] if pose >= 0 else None, known)
            for instance, pose in zip(counted, order, strict=True)
        ]
        instances += counted
    pixels = np.array(rows).reshape(len(rows), len(known))
    sizes = {
        name: np.array([instance.sizes.get(name, np.nan) for instance in instances])
        for name in SIZES
    }
    return Distances(pixels, sizes)


def _match(
    instances: Sequence[Instance], points_found: Array, known: npt.NDArray[np.bool_]
) -> npt.NDArray[np.int64]:
    points = [
        np.where((instance.labelled & known)[:, None], instance.keypoints[:, :2], np.nan)
        for instance in instances
    ]
    return match(np.array(points).reshape(-1, *points_found.shape[1:]), points_found)


def _row(instance: Instance, points: Array | None, known: npt.NDArray[np.bool_]) -> Array:
    distances = np.full(len(known), np.inf)
    if points is not None:
        distances = np.linalg.norm(points - instance.keypoints[:, :2], axis=1)
        distances[np.isnan(distances)] = np.inf
    return np.where(instance.labelled & known, distances, np.nan)


def match(points_labelled: Array, points_found: Array) -> npt.NDArray[np.int64]:
    """Returns the index of the pose of each labelled instance, or -1.

    The box around the labelled keypoints of an instance is compared with the box around the same
    keypoints of a pose. The pair that overlaps most comes first; each is used once.

    Args:
        points_labelled: (N, K, 2) x, y in pixels, NaN if not labelled.
        points_found: (P, K, 2) x, y in pixels, NaN if not found.
    """
    matches = np.full(len(points_labelled), -1, np.int64)
    unlabelled = np.isnan(points_labelled[:, None, :, :1])
    overlaps = overlap(
        box_around(points_labelled)[:, None],
        box_around(np.where(unlabelled, np.nan, points_found[None])),
    )
    while overlaps.size and overlaps.max() >= LEAST_OVERLAP:
        instance, pose = np.unravel_index(overlaps.argmax(), overlaps.shape)
        matches[instance] = pose
        overlaps[instance, :] = overlaps[:, pose] = -1.0
    return matches


def box_around(points: Array) -> Array:
    """Returns the boxes (..., 4) x_min, y_min, x_max, y_max around points (..., K, 2).

    NaN is no point; the box around no point is empty: its end is before its start.
    """
    low = np.where(np.isnan(points), np.inf, points).min(axis=-2, initial=np.inf)
    high = np.where(np.isnan(points), -np.inf, points).max(axis=-2, initial=-np.inf)
    return np.concatenate([low - _MARGIN_PX, high + _MARGIN_PX], axis=-1)
