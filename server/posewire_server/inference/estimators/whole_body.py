"""Whole-body estimator: bodies, then the hands and the face of each at the body's keypoints.

A picture of P persons costs the body network and, at most, 4 P crops in the hand network and 2 P in
the face mesh, since probable hands and faces are read again in the better crop that follows from
their keypoints. The second pass finds half as many hands more.

Crops of hands follow OpenPose's rule (Simon et al., 2017; its ``handFromKeypoints``), turned along
the forearm. The size of a face is the largest that two keypoints of the head give by the usual
proportions of heads, since parts that are turned away from the camera look shorter.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from posewire_server.inference.decode.landmarks import turn
from posewire_server.inference.estimators.pose_estimator import (
    Abilities,
    DetectionOptions,
    Image,
    PoseEstimator,
)
from posewire_server.inference.estimators.top_down import KeypointHead
from posewire_server.inference.preprocess.crop import Crop
from posewire_server.inference.scheduling.frame_context import FrameContext
from posewire_server.inference.sources.picture import Picture, picture_of
from posewire_server.pose import Poses
from posewire_server.skeletons import HAND21, IBUG68

Floats = npt.NDArray[np.float32]
Points = npt.NDArray[np.floating]

_HAND: Final = len(HAND21.keypoints)
_FACE: Final = len(IBUG68.keypoints)
# Parts with a lower score are not the hand or the face that was looked for.
_MIN_SCORE: Final = 0.5
# Parts with a lower score in the first pass are not read again: of 60 hands found, 9 scored below
# 0.1 in the crop of the body.
_MIN_FIRST_SCORE: Final = 0.02
# Smaller crops have too few pixels for a hand or a face.
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


class WholeBodyEstimator:
    """Estimator of bodies (OPENPOSE18), their hands (HAND21) and faces (IBUG68)."""

    abilities = Abilities()

    def __init__(self, bodies: PoseEstimator, hands: KeypointHead, faces: KeypointHead) -> None:
        self._bodies = bodies
        self._hands = hands
        self._faces = faces

    def find(self, picture: Picture, options: DetectionOptions, context: FrameContext) -> Poses:
        """Returns the people in a picture, see ``PoseEstimator.find``."""
        with context.stage("decode"):
            image = picture.image
        bodies = self._bodies.find(picture_of(image), options, context)
        with context.stage("post"):
            points = bodies.keypoints[:, :, :2]
            hands = [crop for body in points for crop in hand_crops(body)]
            faces = [face_crop(body) for body in points]
        found_hands = _read(self._hands, image, hands, _HAND, context)
        found_faces = _read(self._faces, image, faces, _FACE, context)
        with context.stage("post"):
            both = found_hands.reshape(len(bodies), 2 * _HAND, 3)
            keypoints = np.concatenate([bodies.keypoints, both, found_faces], axis=1)
            return replace(bodies, keypoints=keypoints)


def _read(
    head: KeypointHead,
    image: Image,
    crops: Sequence[Crop | None],
    count: int,
    context: FrameContext,
) -> Floats:
    """Returns (N, count, 3) keypoints of N parts; NaN and score 0 if not found."""
    keypoints = np.zeros((len(crops), count, 3), np.float32)
    keypoints[:, :, :2] = np.nan
    rows = np.array([index for index, crop in enumerate(crops) if crop is not None], np.intp)
    first = head.estimate(image, [crop for crop in crops if crop is not None], context)
    is_likely = first.poses.scores >= _MIN_FIRST_SCORE
    again = first.take(np.flatnonzero(is_likely)).crops
    poses = head.estimate(image, again, context).poses
    is_found = poses.scores >= _MIN_SCORE
    keypoints[rows[is_likely][is_found]] = poses.keypoints[is_found]
    return keypoints


def hand_crops(points: Points) -> list[Crop | None]:
    """Returns the crops, fingers up, of the left and right hand of a body (18, 2) of OPENPOSE18."""
    return [_hand_crop(*points[list(arm)]) for arm in ARMS]


def face_crop(points: Points) -> Crop | None:
    """Returns the crop, forehead up, of the face of a body (18, 2); None if it is not visible."""
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
    return Crop.square(centre, side, rotation)
