"""One instance for each crop: heatmaps from one network, without a detector."""

from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from posewire_server.inference.decode.heatmap import Refinement, decode_heatmaps
from posewire_server.inference.engine.network import Network
from posewire_server.inference.estimators.part import Part, cut_parts
from posewire_server.inference.estimators.pose_estimator import Image, Request
from posewire_server.inference.preprocess.crop import Crop, covering, cut
from posewire_server.inference.scheduling.frame_context import FrameContext
from posewire_server.models.catalog.spec import InputSpec, ModelSpec
from posewire_server.pose import Poses

STRIDE: Final = 8


class HeatmapEstimator:
    """A network that sees one instance and answers a map for each keypoint.

    Args:
        spec: The model.
        network: Its first maps are those of the skeleton.
        refinement: How places between cells are found.
        growth: The side of a crop over the longer side of the box that was given for it.
        heat_min: A keypoint whose map stays below is not found.
    """

    def __init__(
        self,
        spec: ModelSpec,
        network: Network,
        refinement: Refinement,
        *,
        growth: float,
        heat_min: float,
    ) -> None:
        self._network = network
        self._count = len(spec.skeleton.keypoints)
        self._refinement = refinement
        self._growth = growth
        self._heat_min = heat_min

    def find(self, image: Image, request: Request, context: FrameContext) -> Poses:
        """Returns one pose for each box, or for the picture; see ``PoseEstimator.find``."""
        growth = self._growth if request.boxes else 1.0
        spec = self._network.spec.input
        keypoints = np.array(
            [
                self._find(image, *_look_at(part, spec, growth), context)
                for part in cut_parts(image, request)
            ]
        )
        poses = Poses(keypoints, np.clip(keypoints[:, :, 2].mean(1), 0, 1))
        return poses if request.boxes else poses.take(np.flatnonzero(poses.found.any(1)))

    def _find(
        self, image: Image, crop: Crop, spec: InputSpec, context: FrameContext
    ) -> npt.NDArray[np.float32]:
        with context.stage("decode"):
            inputs = cut(image, crop, spec)[None]
        (maps,) = self._network.run(inputs, context)
        with context.stage("post"):
            (keypoints,) = decode_heatmaps(maps[:, : self._count], self._refinement)
            keypoints[:, :2] = crop.to_image(keypoints[:, :2])
            keypoints[keypoints[:, 2] < self._heat_min] = (np.nan, np.nan, 0)
            return np.asarray(keypoints)


def _look_at(part: Part, spec: InputSpec, growth: float) -> tuple[Crop, InputSpec]:
    """Returns the crop around a part and the input that it fills.

    An input of free width is square for a box that was grown, and of the part's aspect else.
    """
    (left, top), (width, height) = part.offset, part.size
    if not spec.is_fixed:
        aspect = 1.0 if growth > 1 else width / height
        cells = max(1, round(spec.height * aspect / STRIDE))
        spec = replace(spec, max_width=min(cells * STRIDE, spec.max_width // STRIDE * STRIDE))
    crop = covering((left, top, left + width, top + height), spec)
    return replace(crop, size=(crop.size[0] * growth, crop.size[1] * growth)), spec
