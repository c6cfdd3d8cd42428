"""Persons with depth: MediaPipe's pose detector, then BlazePose in a crop turned along the body.

The rules are those of MediaPipe Pose (Bazarevsky et al., 2020; its graphs ``pose_detection`` and
``pose_landmark``), less its smoothing and the refinement by heatmaps, whose maps are not computed.
"""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from posewire_server.inference.decode.anchors import AnchorDecode, AnchorSpec, merge
from posewire_server.inference.decode.landmarks import sigmoid, to_image, turn
from posewire_server.inference.engine.network import Network
from posewire_server.inference.estimators.estimates import Estimates
from posewire_server.inference.estimators.pose_estimator import Image
from posewire_server.inference.estimators.tiles import ViewDetector, run_on, tiles
from posewire_server.inference.estimators.top_down import TopDown
from posewire_server.inference.preprocess.crop import Box, Crop, covering
from posewire_server.inference.scheduling.frame_context import FrameContext
from posewire_server.pose import Poses
from posewire_server.skeletons import BLAZEPOSE33

Floats = npt.NDArray[np.float32]

POSE_ANCHORS: Final = AnchorSpec(layers=((8, 2), (16, 2), (32, 6)))
_MIN_DETECTION_SCORE: Final = 0.5
_SAME_PERSON: Final = 0.3
# The detector's keypoints and the reader's two after the 33: the middle of the hips, and a point
# above the head on the circle around the whole body.
_HIPS, _CIRCLE = 0, 1
_KEYPOINTS: Final = len(BLAZEPOSE33.keypoints)
_ALL_POINTS: Final = 39
# Side of the crop over the diameter of the circle, and over the longer side of a box.
_CIRCLE_SCALE: Final = 1.25
_BOX_SCALE: Final = 1.5


def build_blaze(detector: Network, reader: Network) -> TopDown:
    """Puts the pose detector and BlazePose together."""
    return TopDown(BlazeFinder(detector), BlazePoseHead(reader))


class BlazeFinder:
    """Finds persons, the nearest best, see ``topdown.Finder``."""

    def __init__(self, detector: Network) -> None:
        decode = AnchorDecode(POSE_ANCHORS, detector.spec.input.size, _MIN_DETECTION_SCORE)
        self._detector = ViewDetector(detector, decode)

    def find(
        self, image: Image, part: Box, context: FrameContext, *, is_thorough: bool
    ) -> Sequence[Crop]:
        """Returns a turned crop around each person; looks at quarters of the part if thorough."""
        views = [covering(part, self._detector.input)]
        if is_thorough:
            views += tiles(part)
        found = self._detector(image, part, views, context)
        with context.stage("post"):
            persons = merge(found, _SAME_PERSON)
            return [body_crop(points[_HIPS], points[_CIRCLE]) for points in persons.keypoints]


class BlazePoseHead:
    """Reads the 33 keypoints of persons, see ``topdown.Reader``."""

    first_passes = 1

    def __init__(self, reader: Network) -> None:
        self._network = reader

    def read(self, image: Image, crops: Sequence[Crop], context: FrameContext) -> Estimates:
        """Returns a person for each crop; a keypoint's score is its visibility.

        0 in depth is the middle of the hips.
        """
        keypoints = np.zeros((len(crops), _ALL_POINTS, 3), np.float32)
        depths = np.zeros((len(crops), _ALL_POINTS), np.float32)
        scores = np.zeros(len(crops), np.float32)
        size, first = self._network.spec.input.size, 0
        for batch, (values, presence) in run_on(self._network, image, crops, context):
            rows = slice(first, first + len(batch))
            points = values.reshape(len(batch), _ALL_POINTS, -1)
            keypoints[rows, :, :2], depths[rows] = to_image(points[:, :, :3], batch, size)
            keypoints[rows, :, 2] = sigmoid(points[:, :, 3])
            scores[rows] = presence[:, 0]
            first += len(batch)
        following = tuple(body_crop(*points[_KEYPOINTS:][:2]) for points in keypoints[:, :, :2])
        poses = Poses(keypoints[:, :_KEYPOINTS], scores, depths[:, :_KEYPOINTS])
        return Estimates(poses, following)

    def crops_in(self, box: Box) -> Sequence[Crop]:
        """Returns a square around a box, in which a person is taken to stand upright."""
        x_min, y_min, x_max, y_max = box
        side = max(x_max - x_min, y_max - y_min) * _BOX_SCALE
        return [Crop(((x_min + x_max) / 2, (y_min + y_max) / 2), (side, side))]


def body_crop(hips: Floats, circle: Floats) -> Crop:
    """Returns the crop of a whole body, the head up.

    Args:
        hips: (2,) x, y of the middle of the hips, in pixels of the frame.
        circle: (2,) x, y of a point on the circle around the body, beyond the head.
    """
    side = max(2 * float(np.hypot(*(circle - hips))) * _CIRCLE_SCALE, 1.0)
    rotation = turn(hips, circle) + math.pi / 2
    return Crop((float(hips[0]), float(hips[1])), (side, side), rotation)
