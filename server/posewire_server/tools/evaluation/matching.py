"""Which found pose is of which labelled instance."""

import numpy as np
import numpy.typing as npt

from posewire_server.inference.decode.anchors import overlap

# The least overlap (intersection over union) of two boxes for a pose to be of an instance. It is
# low: how far the keypoints are off is for the other figures to tell.
LEAST_OVERLAP = 0.1
# A box covers the pixels of its keypoints, not only their centres.
_MARGIN_PX = 0.5

Array = npt.NDArray[np.float64]


def match(points_labelled: Array, points_found: Array) -> npt.NDArray[np.int64]:
    """Returns for each labelled instance the pose that was found of it, or -1.

    Compared are the box around the labelled keypoints of an instance and the box around the same
    keypoints of a pose. The pair that overlaps most comes first; each is used once.

    Args:
        points_labelled: (N, K, 2) x, y in pixels, NaN where not labelled.
        points_found: (P, K, 2) x, y in pixels, NaN where not found.

    Returns:
        (N,) int64: indices of poses.
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

    NaN is no point; around no point the box is empty: it ends before it begins.
    """
    low = np.where(np.isnan(points), np.inf, points).min(axis=-2, initial=np.inf)
    high = np.where(np.isnan(points), -np.inf, points).max(axis=-2, initial=-np.inf)
    return np.concatenate([low - _MARGIN_PX, high + _MARGIN_PX], axis=-1)
