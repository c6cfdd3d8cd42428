"""MediaPipe Pose: persons with depth by its pose detector and BlazePose.

After Bazarevsky et al., 2020, and the graphs ``pose_detection`` and ``pose_landmark``, without
MediaPipe's smoothing and its refinement by heatmaps.
"""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from posewire_server.inference.decode.anchors import AnchorSpec, merge
from posewire_server.inference.decode.landmarks import sigmoid, to_image, turn, with_scores
from posewire_server.inference.engine.network import Network
from posewire_server.inference.estimators.estimates import Estimates
from posewire_server.inference.estimators.pose_estimator import Image
from posewire_server.inference.estimators.tiles import TileDetector, run_on_crops, tiles
from posewire_server.inference.estimators.top_down import TopDownEstimator
from posewire_server.inference.preprocess.crop import Box, Crop, covering, square_around
from posewire_server.inference.scheduling.frame_context import FrameContext
from posewire_server.models.catalog.spec import ModelSpec
from posewire_server.pose import Poses
from posewire_server.skeletons import BLAZEPOSE33

Floats = npt.NDArray[np.float32]

POSE_ANCHORS: Final = AnchorSpec(layers=((8, 2), (16, 2), (32, 6)))
_MIN_DETECTION_SCORE: Final = 0.5
_SAME_PERSON: Final = 0.3
# The detector's keypoints, and two after the 33 of the head: the middle of the hips, and a point on
# the circle around the whole body, above the person's head.
_HIPS, _CIRCLE = 0, 1
_KEYPOINTS: Final = len(BLAZEPOSE33.keypoints)
_ALL_POINTS: Final = 39
# x, y, z, visibility and presence of a point.
_VALUES: Final = 5
# Side of the crop over the diameter of the circle, and over the longer side of a box.
_CIRCLE_SCALE: Final = 1.25
_BOX_SCALE: Final = 1.5


def build_blazepose(_spec: ModelSpec, blazepose: Network, detector: Network) -> TopDownEstimator:
    """Puts BlazePose and the pose detector together."""
    return TopDownEstimator(BlazePoseDetector(detector), BlazePoseHead(blazepose))


class BlazePoseDetector:
    """Detector of persons, near ones best, see ``InstanceDetector``."""

    def __init__(self, detector: Network) -> None:
        self._detector = TileDetector(detector, POSE_ANCHORS, _MIN_DETECTION_SCORE)

    def detect(
        self, image: Image, part: Box, context: FrameContext, *, is_thorough: bool
    ) -> Sequence[Crop]:
        """Returns a turned crop around each person; looks at tiles of the part if thorough."""
        looks = [covering(part, self._detector.input), *(tiles(part) if is_thorough else ())]
        found = self._detector(image, part, looks, context)
        with context.stage("post"):
            persons = merge(found, _SAME_PERSON)
            return [body_crop(points[_HIPS], points[_CIRCLE]) for points in persons.keypoints]


class BlazePoseHead:
    """Head for the 33 keypoints of persons, see ``KeypointHead``."""

    first_passes = 1

    def __init__(self, network: Network) -> None:
        self._network = network

    def estimate(self, image: Image, crops: Sequence[Crop], context: FrameContext) -> Estimates:
        """Returns a person for each crop; a keypoint's score is its visibility.

        Depth 0 is the middle of the hips.
        """
        outputs, presence = run_on_crops(self._network, image, crops, context)
        values = outputs.reshape(len(crops), _ALL_POINTS, _VALUES)
        points, depths = to_image(values[:, :, :3], crops, self._network.spec.input.size)
        keypoints = with_scores(points, sigmoid(values[:, :, 3]))[:, :_KEYPOINTS]
        following = tuple(body_crop(*each[_KEYPOINTS:][:2]) for each in points)
        return Estimates(Poses(keypoints, presence[:, 0], depths[:, :_KEYPOINTS]), following)

    def crops_in(self, box: Box) -> Sequence[Crop]:
        """Returns a square around a box; the person is assumed to stand upright."""
        return [square_around(box, _BOX_SCALE)]


def body_crop(hips: Floats, circle: Floats) -> Crop:
    """Returns the crop of a whole body, the head up.

    ``hips`` is the middle of the hips, ``circle`` a point of the circle around the body beyond the
    head; both are (2,) in pixels of the frame.
    """
    side = max(2 * float(np.hypot(*(circle - hips))) * _CIRCLE_SCALE, 1.0)
    return Crop.square(hips, side, turn(hips, circle) + math.pi / 2)
