"""Whole bodies: bodies, then the hands and the face of each, where the body's keypoints put them.

The order of the work: the body network once on the picture; then all hands of all bodies as
batches of at most 16, and those that may be hands again, in the better crop that their keypoints
give, which finds half as many hands more; then the faces in the same way. No detector of hands or
faces runs. So a picture of P persons costs the body network and, at most, 4 P crops in the hand
network and 2 P in the face mesh.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from posewire_server.inference.estimators.body_parts import face_crop, hand_crops
from posewire_server.inference.estimators.estimates import Estimates
from posewire_server.inference.estimators.pose_estimator import Image, PoseEstimator, Request
from posewire_server.inference.preprocess.crop import Crop
from posewire_server.inference.scheduling.frame_context import FrameContext
from posewire_server.pose import Poses
from posewire_server.skeletons import HAND21, IBUG68

Floats = npt.NDArray[np.float32]

_HAND: Final = len(HAND21.keypoints)
_FACE: Final = len(IBUG68.keypoints)
# What a network scores less is not the hand or the face that was looked for.
_MIN_SCORE: Final = 0.5
# What it scores less at first sight is not worth a second look; of 60 hands found, 9 scored below
# 0.1 in the crop that the body gave.
_MIN_FIRST_SCORE: Final = 0.02


class KeypointHead(Protocol):
    """Reads the keypoints of one kind of part, see ``topdown.Reader``."""

    def read(self, image: Image, crops: Sequence[Crop], context: FrameContext) -> Estimates:
        """Returns one pose for each crop, in their order."""
        ...


class WholeBodyEstimator:
    """Three networks, one pose for each person.

    Args:
        bodies: Answers OPENPOSE18.
        hands: Reads HAND21.
        faces: Reads IBUG68.
    """

    def __init__(self, bodies: PoseEstimator, hands: KeypointHead, faces: KeypointHead) -> None:
        self._bodies = bodies
        self._hands = hands
        self._faces = faces

    def find(self, image: Image, request: Request, context: FrameContext) -> Poses:
        """Returns the people in a picture, see ``PoseEstimator.find``."""
        bodies = self._bodies.find(image, request, context)
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
    reader: KeypointHead,
    image: Image,
    crops: Sequence[Crop | None],
    count: int,
    context: FrameContext,
) -> Floats:
    """Returns (N, count, 3) keypoints of N parts; NaN and score 0 for those not found."""
    keypoints = np.zeros((len(crops), count, 3), np.float32)
    keypoints[:, :, :2] = np.nan
    places = np.array([index for index, crop in enumerate(crops) if crop is not None], np.intp)
    first = reader.read(image, [crop for crop in crops if crop is not None], context)
    is_likely = first.poses.scores >= _MIN_FIRST_SCORE
    again = first.take(np.flatnonzero(is_likely)).crops
    poses = reader.read(image, again, context).poses
    is_found = poses.scores >= _MIN_SCORE
    keypoints[places[is_likely][is_found]] = poses.keypoints[is_found]
    return keypoints
