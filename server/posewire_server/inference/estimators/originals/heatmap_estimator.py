"""Estimator of one instance for each box: heatmaps of one network, without a detector."""

from collections.abc import Iterator
from dataclasses import astuple, dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from posewire_server.inference.decode.heatmap import Refinement, decode_heatmaps
from posewire_server.inference.engine.network import Network
from posewire_server.inference.estimators.pose_estimator import Abilities, DetectionOptions, Image
from posewire_server.inference.preprocess.crop import Crop, covering, cut
from posewire_server.inference.preprocess.transform import whole_pixels
from posewire_server.inference.scheduling.frame_context import FrameContext
from posewire_server.inference.sources.picture import Picture
from posewire_server.models.catalog.spec import InputSpec, ModelSpec
from posewire_server.pose import Poses

STRIDE: Final = 8


@dataclass(frozen=True, eq=False)
class ImagePart:
    """Part of an image at whole pixels: the picture that PaddleHub's module would be given.

    Attributes:
        image: (h, w, 3) uint8 BGR, a view.
        offset: (x, y) of its top-left pixel in the whole image.
        size_image: (W, H) of the whole image.
    """

    image: Image
    offset: tuple[int, int]
    size_image: tuple[int, int]

    @property
    def size(self) -> tuple[int, int]:
        """(w, h)."""
        return self.image.shape[1], self.image.shape[0]

    def points_of(self, pixels: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
        """Maps pixels as PaddleHub counts them, from the centre of the first, to the image."""
        return np.asarray(pixels + 0.5 + np.array(self.offset), np.float32)


def image_parts(
    picture: Picture, options: DetectionOptions, context: FrameContext
) -> Iterator[ImagePart]:
    """Yields the boxes of a picture; without boxes its region, without a region all of it.

    Raises:
        RegionError: REGION_INVALID: not a number, empty, inverted or outside the frame.
    """
    with context.stage("decode"):
        image = picture.image
    for box in options.boxes or (options.region,):
        left, top, right, bottom = whole_pixels(picture.size, astuple(box) if box else None)
        yield ImagePart(image[top:bottom, left:right], (left, top), picture.size)


class HeatmapEstimator:
    """Estimator of the instance in each box by a map for each keypoint.

    Args:
        network: Its first maps are those of the skeleton.
        growth: Side of a crop over the longer side of its box.
        heat_min: A keypoint is not found if its map stays below.
    """

    abilities = Abilities(takes_boxes=True)

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

    def find(self, picture: Picture, options: DetectionOptions, context: FrameContext) -> Poses:
        """Returns one pose for each box, or for the picture; see ``PoseEstimator.find``."""
        growth = self._growth if options.boxes else 1.0
        parts = image_parts(picture, options, context)
        keypoints = np.array([self._find(picture.image, part, growth, context) for part in parts])
        poses = Poses(keypoints, np.clip(keypoints[:, :, 2].mean(1), 0, 1))
        return poses if options.boxes else poses.take(np.flatnonzero(poses.found.any(1)))

    def _find(
        self, image: Image, part: ImagePart, growth: float, context: FrameContext
    ) -> npt.NDArray[np.float32]:
        crop, spec = _crop_of(part, self._network.spec.input, growth)
        with context.stage("decode"):
            inputs = cut(image, crop, spec)[None]
        (maps,) = self._network.run(inputs, context)
        with context.stage("post"):
            (keypoints,) = decode_heatmaps(maps[:, : self._count], self._refinement)
            keypoints[:, :2] = crop.to_image(keypoints[:, :2])
            keypoints[keypoints[:, 2] < self._heat_min] = (np.nan, np.nan, 0)
            return np.asarray(keypoints)


def _crop_of(part: ImagePart, spec: InputSpec, growth: float) -> tuple[Crop, InputSpec]:
    """Returns the crop around a part and the input that it fills.

    An input of free width is square for a box that was grown; otherwise it has the part's aspect.
    """
    (left, top), (width, height) = part.offset, part.size
    if not spec.is_fixed:
        aspect = 1.0 if growth > 1 else width / height
        cells = max(1, round(spec.height * aspect / STRIDE))
        spec = replace(spec, max_width=min(cells * STRIDE, spec.max_width // STRIDE * STRIDE))
    crop = covering((left, top, left + width, top + height), spec)
    return replace(crop, size=(crop.size[0] * growth, crop.size[1] * growth)), spec
