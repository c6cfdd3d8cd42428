"""A person as PaddleHub's human_pose_estimation_resnet50_mpii 1.2.0 finds it, pixel for pixel.

The keypoints are in the order of MPII, as the network gives them; PaddleHub's names for the legs
are those of the other side.
"""

import cv2
import numpy as np
import numpy.typing as npt

from posewire_server.inference.engine.network import Network
from posewire_server.inference.estimators.part import Part, cut_parts
from posewire_server.inference.estimators.pose_estimator import Image, Request
from posewire_server.inference.scheduling.frame_context import FrameContext
from posewire_server.models.catalog.spec import InputSpec, ModelSpec
from posewire_server.pose import Poses


class PaddleHubPerson:
    """The network on each box, or the whole picture, stretched to its input.

    Args:
        spec: The model.
        network: One heatmap for each keypoint.
    """

    def __init__(self, spec: ModelSpec, network: Network) -> None:
        self._network = network
        self._count = len(spec.skeleton.keypoints)

    def find(self, image: Image, request: Request, context: FrameContext) -> Poses:
        """Returns one person for each box, see ``PoseEstimator.find``."""
        keypoints = np.array([self._find(part, context) for part in cut_parts(image, request)])
        return Poses(keypoints, keypoints[:, :, 2].mean(1))

    def _find(self, part: Part, context: FrameContext) -> npt.NDArray[np.float32]:
        spec = self._network.spec
        with context.stage("decode"):
            inputs = prepare(part.image, spec.input)
        (maps,) = self._network.run(inputs, context)
        with context.stage("post"):
            return decode(maps[0, : self._count], part, spec.outputs[0].stride)


def prepare(image: Image, spec: InputSpec) -> npt.NDArray[np.float32]:
    """Stretches a picture to the input.

    Returns:
        (1, 3, h, w) float32.
    """
    stretched = cv2.resize(image, spec.size).astype(np.float32)
    values = (stretched - np.array(spec.mean, np.float32)) * np.array(spec.scale, np.float32)
    return np.ascontiguousarray(values.transpose(2, 0, 1)[None])


def decode(maps: npt.NDArray[np.float32], part: Part, stride: int) -> npt.NDArray[np.float32]:
    """Returns (K, 3) of maps (K, h, w): the highest cell's first pixel, cut to whole pixels."""
    count, height, width = maps.shape
    flat = maps.reshape(count, -1)
    rows, columns = np.divmod(flat.argmax(1), width)
    heat = flat.max(1)
    scale = np.divide(part.size, (width * stride, height * stride))
    cells = np.stack([columns, rows], 1).astype(np.float32)
    pixels = (cells * stride * scale).astype(int)
    points = np.where(heat[:, None] > 0, part.points_of(pixels), np.nan)
    return np.concatenate([points, np.clip(heat, 0, 1)[:, None]], 1).astype(np.float32)
