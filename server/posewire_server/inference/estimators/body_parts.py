"""Where a body's hands and face are, by its keypoints.

Hands: the rule of OpenPose (Simon et al., "Hand Keypoint Detection in Single Images using Multiview
Bootstrapping", 2017; its ``handFromKeypoints``), turned along the forearm. Faces: the size is the
largest that two keypoints of the head tell by the usual proportions of heads, since what is turned
away from the camera looks shorter.
"""

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from posewire_server.inference.decode.landmarks import turn
from posewire_server.inference.preprocess.crop import Crop

Points = npt.NDArray[np.floating]

# Regions below this have too few pixels for a hand or a face.
MIN_SIDE: Final = 20.0
# Shoulder, elbow and wrist of the left and of the right arm.
ARMS: Final = ((5, 6, 7), (2, 3, 4))
_NOSE, _NECK, _RIGHT_EYE, _LEFT_EYE, _RIGHT_EAR, _LEFT_EAR = 0, 1, 14, 15, 16, 17
_HEAD: Final = (_NOSE, _RIGHT_EYE, _LEFT_EYE, _RIGHT_EAR, _LEFT_EAR)
# Height of the face, forehead to chin, over distances within the head.
_FACE_HEIGHTS: Final = (
    (_RIGHT_EYE, _LEFT_EYE, 2.9),
    (_RIGHT_EAR, _LEFT_EAR, 1.2),
    (_NOSE, _RIGHT_EAR, 1.4),
    (_NOSE, _LEFT_EAR, 1.4),
    (_NOSE, _NECK, 0.75),
)
_FACE_SCALE: Final = 1.5


def hand_crops(points: Points) -> list[Crop | None]:
    """Returns the crops of the left and of the right hand of a body, the fingers up.

    Args:
        points: (18, 2) x, y of OPENPOSE18 in pixels of the frame; NaN where not found.
    """
    return [_hand_crop(*points[list(arm)]) for arm in ARMS]


def face_crop(points: Points) -> Crop | None:
    """Returns the crop of a body's face, the forehead up; None where it is not to be seen.

    Args:
        points: (18, 2) x, y of OPENPOSE18 in pixels of the frame; NaN where not found.
    """
    heights = [np.hypot(*(points[a] - points[b])) * share for a, b, share in _FACE_HEIGHTS]
    found = [points[index] for index in _HEAD if np.isfinite(points[index, 0])]
    if len(found) < 2 or np.isnan(heights).all() or np.isnan(points[[_NOSE, _NECK]]).any():
        return None
    side = float(np.nanmax(heights)) * _FACE_SCALE
    return _square(np.mean(found, axis=0), side, _face_rotation(points))


def _hand_crop(shoulder: Points, elbow: Points, wrist: Points) -> Crop | None:
    if np.isnan(elbow).any() or np.isnan(wrist).any():
        return None
    forearm = float(np.hypot(*(wrist - elbow)))
    upper_arm = float(np.hypot(*(elbow - shoulder)))
    side = 1.5 * np.fmax(forearm, 0.9 * upper_arm)
    centre = wrist + 0.33 * (wrist - elbow)
    return _square(centre, float(side), turn(elbow, wrist) + math.pi / 2)


def _face_rotation(points: Points) -> float:
    for right, left in ((_RIGHT_EYE, _LEFT_EYE), (_RIGHT_EAR, _LEFT_EAR)):
        if np.isfinite(points[[right, left]]).all():
            return turn(points[right], points[left])
    return turn(points[_NECK], points[_NOSE]) + math.pi / 2


def _square(centre: Points, side: float, rotation: float) -> Crop | None:
    if side < MIN_SIDE:
        return None
    return Crop((float(centre[0]), float(centre[1])), (side, side), rotation)
