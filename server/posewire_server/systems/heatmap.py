"""One instance for each crop: heatmaps from one network, without a detector."""

from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from posewire_server.decode.heatmap import Refinement, decode_heatmaps
from posewire_server.engine.network import Network
from posewire_server.images.crop import Crop, covering, cut
from posewire_server.models.spec import InputSpec, ModelSpec
from posewire_server.passage import Passage
from posewire_server.pose import Poses
from posewire_server.systems.part import Part, cut_parts
from posewire_server.systems.system import Image, Request

STRIDE: Final = 8


class HeatmapSystem:
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

    def find(self, image: Image, request: Request, passage: Passage) -> Poses:
        """Returns one pose for each box, or for the picture; see ``System.find``."""
        growth = self._growth if request.boxes else 1.0
        spec = self._network.spec.input
        keypoints = np.array(
            [
                self._find(image, *_look_at(part, spec, growth), passage)
                for part in cut_parts(image, request)
            ]
        )
        poses = Poses(keypoints, np.clip(keypoints[:, :, 2].mean(1), 0, 1))
        return poses if request.boxes else poses.take(np.flatnonzero(poses.found.any(1)))

    def _find(
        self, image: Image, crop: Crop, spec: InputSpec, passage: Passage
    ) -> npt.NDArray[np.float32]:
        with passage.stage("decode"):
            inputs = cut(image, crop, spec)[None]
        (maps,) = self._network.run(inputs, passage)
        with passage.stage("post"):
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
