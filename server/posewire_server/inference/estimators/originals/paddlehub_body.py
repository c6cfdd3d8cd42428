"""Bodies as PaddleHub's openpose_body_estimation 1.1.0 finds them, keypoint for keypoint."""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from posewire_server.inference.decode.paf import PafDecode
from posewire_server.inference.engine.network import Network
from posewire_server.inference.estimators.part import cut_parts
from posewire_server.inference.estimators.part_affinity import check_size
from posewire_server.inference.estimators.pose_estimator import Image, Request
from posewire_server.inference.scheduling.frame_context import FrameContext
from posewire_server.models.catalog.spec import ModelSpec
from posewire_server.pose import Poses
from posewire_server.skeletons import OPENPOSE18_PAF_CHANNELS

HEIGHT: Final = 184
STRIDE: Final = 8
PAD: Final = 128


class PaddleHubBody:
    """The network on a picture of 184 rows, decoded at the picture's own size.

    Args:
        spec: The model.
        network: Heatmaps and part affinity fields.
    """

    def __init__(self, spec: ModelSpec, network: Network) -> None:
        self._network = network
        self._decode = PafDecode(spec.skeleton, OPENPOSE18_PAF_CHANNELS, "paddlehub")

    def find(self, image: Image, request: Request, context: FrameContext) -> Poses:
        """Returns the people in a picture, see ``PoseEstimator.find``."""
        (part,) = cut_parts(image, request)
        check_size("paddlehub", part.size)
        with context.stage("decode"):
            inputs, size_valid = prepare(part.image)
        outputs = self._network.run(inputs, context)
        with context.stage("post"):
            transform = part.transform(size_valid, (inputs.shape[3], inputs.shape[2]))
            return self._decode(outputs, transform)


def prepare(image: Image) -> tuple[npt.NDArray[np.float32], tuple[int, int]]:
    """Scales a picture to 184 rows with cubic weights, pads it with grey and centres its values.

    Returns:
        (1, 3, h, w) float32, and the (w, h) of it that show the picture.
    """
    scale = HEIGHT / image.shape[0]
    scaled = cv2.resize(image, (0, 0), fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    height, width = scaled.shape[:2]
    padded = cv2.copyMakeBorder(
        scaled,
        *(0, -height % STRIDE, 0, -width % STRIDE),
        cv2.BORDER_CONSTANT,
        value=(PAD, PAD, PAD),
    )
    values = padded.astype(np.float32) / 255 - 0.5
    return np.ascontiguousarray(values.transpose(2, 0, 1)[None]), (width, height)
