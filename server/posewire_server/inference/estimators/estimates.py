"""Poses read in crops of one instance each, and the crops that follow from them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from posewire_server.inference.preprocess.crop import Crop
from posewire_server.pose import Poses

# Mean distance of two poses' keypoints, as a share of their size, below which they are the same.
_SAME_INSTANCE = 0.25
# Enough keypoints to distinguish instances.
_COMPARED_KEYPOINTS = 32


@dataclass(frozen=True, eq=False)
class Estimates:
    """P poses in the order of the crops that were read, and the crop of each for the next frame.

    The score of a pose is the network's probability that the crop shows an instance.
    """

    poses: Poses
    crops: tuple[Crop, ...]

    def take(self, index: npt.NDArray[np.intp]) -> "Estimates":
        """Returns the estimates of some indices, in their order."""
        return Estimates(self.poses.take(index), tuple(self.crops[i] for i in index))

    def non_maximum_suppression(self, min_score: float, known: int = 0) -> npt.NDArray[np.intp]:
        """Returns the indices of distinct instances of sufficient score, best first.

        The first ``known`` poses are preferred to others of the same instance.
        """
        scores = self.poses.scores
        order = np.argsort(-scores, kind="stable")
        order = order[scores[order] >= min_score]
        order = np.concatenate([order[order < known], order[order >= known]])
        step = max(1, self.poses.keypoints.shape[1] // _COMPARED_KEYPOINTS)
        points = self.poses.keypoints[:, ::step, :2]
        sizes = np.ptp(points, axis=1).max(1)
        kept: list[int] = []
        for index in order:
            distances = np.linalg.norm(points[kept] - points[index], axis=-1).mean(1)
            if (distances > _SAME_INSTANCE * np.maximum(sizes[kept], sizes[index])).all():
                kept.append(int(index))
        return np.array(sorted(kept, key=lambda index: -scores[index]), np.intp)


def join(estimates: Sequence[Estimates]) -> Estimates:
    """Returns one or more estimates of one network as one."""
    poses = [each.poses for each in estimates]
    sides = [each.sides for each in poses if each.sides is not None]
    depths = [each.depths for each in poses if each.depths is not None]
    joined = Poses(
        np.concatenate([each.keypoints for each in poses]),
        np.concatenate([each.scores for each in poses]),
        np.concatenate(depths) if depths else None,
        np.concatenate(sides) if sides else None,
    )
    return Estimates(joined, tuple(crop for each in estimates for crop in each.crops))
