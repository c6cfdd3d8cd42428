"""MediaPipe Hands: hands by its palm detector and hand landmarks.

After Zhang et al., 2020, and the graphs ``palm_detection`` and ``hand_landmark``; the detector's
look at tiles is this project's.
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from posewire_server.inference.decode.anchors import AnchorSpec, Detections, merge, overlap
from posewire_server.inference.decode.landmarks import to_image, turn, turned_box, with_scores
from posewire_server.inference.engine.network import Network
from posewire_server.inference.estimators.estimates import Estimates
from posewire_server.inference.estimators.pose_estimator import Image
from posewire_server.inference.estimators.tiles import TileDetector, run_on_crops, tiles
from posewire_server.inference.estimators.top_down import TopDownEstimator
from posewire_server.inference.preprocess.crop import Box, Crop, covering, square_around
from posewire_server.inference.scheduling.frame_context import FrameContext
from posewire_server.models.catalog.spec import ModelSpec
from posewire_server.pose import Poses

Points = npt.NDArray[np.float32]
Floating = npt.NDArray[np.floating]

PALM_ANCHORS = AnchorSpec(layers=((8, 2), (16, 6)))
# Scores; below the second, too few palms are right to be worth reading.
_SURE_PALM, _POSSIBLE_PALM = 0.5, 0.15
# Intersections over union of boxes of one palm, and of a possible palm with a sure one.
_SAME_PALM, _NEAR_PALM = 0.3, 0.1
# The palm detector's keypoints.
_PALM_WRIST, _PALM_MIDDLE = 0, 2
# The hand's: the wrist, and the joints that move little with the fingers.
_WRIST, _INDEX, _MIDDLE, _RING = 0, 6, 10, 14
_STEADY = (0, 1, 2, 3, 5, 6, 9, 10, 13, 14, 17, 18)
# The network's unit of depth, in units of x.
_DEPTH_SCALE = 1 / 0.4
# Side of the crop over the longer side of a box in which the hand has any rotation.
_BOX_SCALE = 1.7
_QUARTERS = (0.0, math.pi / 2, math.pi, -math.pi / 2)


def build_hands(_spec: ModelSpec, hand: Network, palm: Network) -> TopDownEstimator:
    """Puts the hand network and the palm detector together."""
    return TopDownEstimator(PalmDetector(palm), HandHead(hand))


class PalmDetector:
    """Detector of hands by their palms, see ``InstanceDetector``."""

    def __init__(self, palm: Network) -> None:
        self._detector = TileDetector(palm, PALM_ANCHORS, _POSSIBLE_PALM)

    def detect(
        self, image: Image, part: Box, context: FrameContext, *, is_thorough: bool
    ) -> Sequence[Crop]:
        """Returns a turned crop around each hand.

        If thorough, it looks at tiles of the part too, and possible palms come after the sure ones:
        the head decides.
        """
        looks = [covering(part, self._detector.input), *(tiles(part) if is_thorough else ())]
        found = self._detector(image, part, looks, context)
        with context.stage("post"):
            palms = merge([each.take(each.scores >= _SURE_PALM) for each in found], _SAME_PALM)
            crops = _palm_crops(palms)
            return crops + _palm_crops(_others(found, palms)) if is_thorough else crops


class HandHead:
    """Head for the 21 keypoints of hands, see ``KeypointHead``."""

    first_passes = 1

    def __init__(self, hand: Network) -> None:
        self._network = hand

    def estimate(self, image: Image, crops: Sequence[Crop], context: FrameContext) -> Estimates:
        """Returns a hand for each crop, with the probability that it is a right one."""
        values, presence, right = run_on_crops(self._network, image, crops, context)
        points, depths = to_image(values, crops, self._network.spec.input.size, _DEPTH_SCALE)
        scores = presence[:, 0]
        poses = Poses(with_scores(points, scores[:, None]), scores, depths, right[:, 0])
        return Estimates(poses, tuple(map(hand_crop, points)))

    def crops_in(self, box: Box) -> Sequence[Crop]:
        """Returns a square around a box, turned each way."""
        return [square_around(box, _BOX_SCALE, quarter) for quarter in _QUARTERS]


def _others(found: Sequence[Detections], palms: Detections) -> Detections:
    possible = merge([each.take(each.scores < _SURE_PALM) for each in found], _SAME_PALM)
    near = overlap(possible.boxes[:, None], palms.boxes).max(1, initial=0)
    return possible.take(np.flatnonzero(near <= _NEAR_PALM))


def _palm_crops(palms: Detections) -> list[Crop]:
    return [palm_crop(*palm) for palm in zip(palms.boxes, palms.keypoints, strict=True)]


def palm_crop(box: Points, keypoints: Points) -> Crop:
    """Returns the crop of a hand, fingers up, by the box (4,) and keypoints (7, 2) of its palm."""
    rotation = turn(keypoints[_PALM_WRIST], keypoints[_PALM_MIDDLE]) + math.pi / 2
    return _square((box[:2] + box[2:]) / 2, box[2:] - box[:2], rotation, scale=2.6, shift=-0.5)


def hand_crop(points: Points) -> Crop:
    """Returns the crop in which to read a hand of keypoints (21, 2) again, or in the next frame."""
    middle = ((points[_INDEX] + points[_RING]) / 2 + points[_MIDDLE]) / 2
    rotation = turn(points[_WRIST], middle) + math.pi / 2
    return _square(*turned_box(points[list(_STEADY)], rotation), rotation, scale=2.0, shift=-0.1)


def _square(
    centre: Floating, size: Floating, rotation: float, *, scale: float, shift: float
) -> Crop:
    """Returns a square around a turned rectangle, moved along it by a share of its height."""
    move = shift * float(size[1])
    x = float(centre[0]) - math.sin(rotation) * move
    y = float(centre[1]) + math.cos(rotation) * move
    return Crop.square((x, y), max(1.0, float(size.max()) * scale), rotation)
