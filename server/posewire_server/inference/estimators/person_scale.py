"""Height of a person in the picture, and the crop that networks for one person expect."""

from typing import Final

import numpy as np
import numpy.typing as npt

from posewire_server.inference.preprocess.crop import Crop
from posewire_server.skeletons import Skeleton

# Side of the crop over a person's height, as in MPII's own protocol for single persons.
CROP_SCALE: Final = 1.25
# Shorter limbs are ignored: an error of a pixel changes their height too much.
_LEAST_LENGTH: Final = 0.1
# Limbs towards the camera look short and few look long, therefore high but not the highest.
_QUANTILE: Final = 0.75
_LEAST_LIMBS: Final = 2
# Height over the longer side of the box of a person of whom little is visible.
_HEIGHT_OF_BOX: Final = 1.5


def person_height(points: npt.NDArray[np.floating], skeleton: Skeleton) -> float:
    """Returns the height of a standing person by the lengths of limbs; NaN with fewer than two.

    It is in the unit of the points (K, 2), which are NaN if not found.
    """
    first, last = np.array(skeleton.limbs).T
    lengths = np.array(skeleton.limb_lengths)
    heights = np.hypot(*(points[last] - points[first]).T) / np.maximum(lengths, _LEAST_LENGTH)
    heights = heights[(lengths >= _LEAST_LENGTH) & np.isfinite(heights)]
    if len(heights) < _LEAST_LIMBS:
        return float("nan")
    return float(np.quantile(heights, _QUANTILE))


def person_crop(points: npt.NDArray[np.floating], skeleton: Skeleton) -> Crop | None:
    """Returns the square for a person of points (K, 2); None without two keypoints apart.

    Its size is for the whole person, even if the picture shows a part only.
    """
    found = points[np.isfinite(points[:, 0])]
    if len(found) == 0 or np.ptp(found, axis=0).max() == 0:
        return None
    low, high = found.min(0), found.max(0)
    longer = float((high - low).max())
    height = person_height(points, skeleton)
    side = CROP_SCALE * max(height if height == height else _HEIGHT_OF_BOX * longer, longer)
    return Crop.square((low + high) / 2, side)
