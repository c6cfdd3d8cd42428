"""A hand as PaddleHub's hand_pose_localization 1.1.0 finds it, pixel for pixel."""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from posewire_server.inference.engine.network import Network
from posewire_server.inference.estimators.part import Part, cut_parts
from posewire_server.inference.estimators.pose_estimator import Image, Request
from posewire_server.inference.scheduling.frame_context import FrameContext
from posewire_server.models.catalog.spec import ModelSpec
from posewire_server.pose import Poses

HEIGHT: Final = 368
HEAT_MIN: Final = 0.1


class PaddleHubHand:
    """The network on each box, or the whole picture, as one hand.

    Args:
        spec: The model.
        network: Heatmaps of the keypoints and the background.
    """

    def __init__(self, spec: ModelSpec, network: Network) -> None:
        self._network = network
        self._count = len(spec.skeleton.keypoints)

    def find(self, image: Image, request: Request, context: FrameContext) -> Poses:
        """Returns one hand for each box, see ``PoseEstimator.find``."""
        keypoints = np.array([self._find(part, context) for part in cut_parts(image, request)])
        return Poses(keypoints, keypoints[:, :, 2].mean(1))

    def _find(self, part: Part, context: FrameContext) -> npt.NDArray[np.float32]:
        with context.stage("decode"):
            inputs = prepare(part.image)
        (maps,) = self._network.run(inputs, context)
        with context.stage("post"):
            keypoints = [_find_keypoint(heat, part) for heat in maps[0, : self._count]]
            return np.array(keypoints, np.float32)


def prepare(image: Image) -> npt.NDArray[np.float32]:
    """Scales a picture to 368 rows and a width that is not rounded to cells; values are 0..1.

    Returns:
        (1, 3, 368, w) float32.
    """
    width = int(image.shape[1] / image.shape[0] * HEIGHT * 8 // 8)
    scaled = cv2.resize(image, (max(width, 1), HEIGHT))
    values = scaled.astype(np.float32) * np.float32(1 / 255)
    return np.ascontiguousarray(values.transpose(2, 0, 1)[None])


def _find_keypoint(heat: npt.NDArray[np.float32], part: Part) -> tuple[float, float, float]:
    """Returns x, y in the frame and the heat of a map's highest pixel at the part's own size."""
    _, highest, _, place = cv2.minMaxLoc(cv2.resize(heat, part.size))
    if highest <= HEAT_MIN:
        return np.nan, np.nan, 0.0
    x, y = part.points_of(np.array(place))
    return float(x), float(y), min(float(highest), 1.0)
