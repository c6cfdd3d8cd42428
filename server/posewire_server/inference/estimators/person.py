"""Persons: heatmaps of a network that expects a single person in a square crop.

The crop is that of MPII's protocol (Andriluka et al., 2014): 1.25 times the person's height, which
follows from the limbs once keypoints are known. Therefore a person is read twice if only a box or
the whole picture is given, and once if the body network has found the keypoints.
"""

from collections.abc import Sequence
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt

from posewire_server.frame import Region
from posewire_server.inference.decode.heatmap import Refinement, decode_heatmaps
from posewire_server.inference.engine.network import Network
from posewire_server.inference.estimators.estimates import Estimates
from posewire_server.inference.estimators.person_scale import person_crop
from posewire_server.inference.estimators.pose_estimator import (
    DetectionOptions,
    EstimatorByMode,
    Image,
    PoseEstimator,
)
from posewire_server.inference.estimators.tiles import cut_batches
from posewire_server.inference.estimators.top_down import TopDownEstimator
from posewire_server.inference.preprocess.crop import Box, Crop, covering, square_around
from posewire_server.inference.scheduling.frame_context import FrameContext
from posewire_server.inference.sources.picture import picture_of
from posewire_server.models.catalog.spec import ModelSpec
from posewire_server.pose import Poses
from posewire_server.skeletons import MPII16, OPENPOSE18

Floats = npt.NDArray[np.float32]

# The map of each MPII keypoint: EfficientPose starts at the head and goes down.
EFFICIENTPOSE_MAPS: Final = [12, 11, 10, 13, 14, 15, 9, 5, 1, 0, 4, 3, 2, 6, 7, 8]
# Mean heat of persons in a crop of theirs is above 0.3, of pictures without one below 0.17.
MIN_SCORE: Final = 0.2
# 95 of 100 right keypoints are hotter.
_MIN_HEAT: Final = 0.25
# Side of the first crop over the longer side of a box that fits the person tightly.
_BOX_SCALE: Final = 1.5
_PAIRS = dict(MPII16.symmetric_pairs) | {left: right for right, left in MPII16.symmetric_pairs}
_MIRRORED_MAPS: Final = [EFFICIENTPOSE_MAPS[_PAIRS.get(index, index)] for index in range(16)]


def build_persons(
    spec: ModelSpec, network: Network, bodies: PoseEstimator | None
) -> EstimatorByMode:
    """Puts EfficientPose and a detector together; without ``bodies`` a picture shows one person."""
    detector = BodyDetector(bodies) if bodies else SinglePersonDetector(network)
    head = partial(PersonHead, network, first_passes=1 if bodies else 2)
    dark, quarter, mirror = head("dark"), head("quarter"), head("dark", is_mirrored=True)
    estimators = {
        "dark": TopDownEstimator(detector, dark, MIN_SCORE),
        "quarter": TopDownEstimator(detector, quarter, MIN_SCORE),
        "mirror": TopDownEstimator(detector, mirror, MIN_SCORE, first_head=dark),
    }
    return EstimatorByMode({mode: estimators[mode] for mode in spec.modes})


class SinglePersonDetector:
    """Assumes that the picture shows a single person, see ``InstanceDetector``."""

    def __init__(self, network: Network) -> None:
        self._spec = network.spec.input

    def detect(
        self, _image: Image, part: Box, _context: FrameContext, *, is_thorough: bool
    ) -> Sequence[Crop]:
        """Returns the smallest crop around the whole part."""
        del is_thorough
        return [covering(part, self._spec)]


class BodyDetector:
    """Detector of persons by their bodies (OPENPOSE18, ``fast``), see ``InstanceDetector``."""

    def __init__(self, bodies: PoseEstimator) -> None:
        self._bodies = bodies

    def detect(
        self, image: Image, part: Box, context: FrameContext, *, is_thorough: bool
    ) -> Sequence[Crop]:
        """Returns a crop of the size of the whole person around each body."""
        del is_thorough
        options = DetectionOptions("fast", Region(*part))
        poses = self._bodies.find(picture_of(image), options, context)
        crops = [person_crop(points[:, :2], OPENPOSE18) for points in poses.keypoints]
        return [crop for crop in crops if crop is not None]


class PersonHead:
    """Head for the 16 keypoints of persons, see ``KeypointHead``.

    Args:
        is_mirrored: Whether each crop is also read mirrored, and both answers averaged.
    """

    def __init__(
        self,
        network: Network,
        refinement: Refinement,
        *,
        first_passes: int,
        is_mirrored: bool = False,
    ) -> None:
        self.first_passes = first_passes
        self._network = network
        self._refinement = refinement
        self._is_mirrored = is_mirrored

    def estimate(self, image: Image, crops: Sequence[Crop], context: FrameContext) -> Estimates:
        """Returns a person for each crop; the score is the mean heat of the keypoints."""
        keypoints = [np.zeros((0, len(EFFICIENTPOSE_MAPS), 3), np.float32)]
        for batch, inputs in cut_batches(image, crops, self._network.spec.input, context):
            maps = self._maps(inputs, context)
            with context.stage("post"):
                points = decode_heatmaps(maps, self._refinement)
                for crop, each in zip(batch, points, strict=True):
                    each[:, :2] = crop.to_image(each[:, :2])
                np.clip(points[:, :, 2], 0, 1, out=points[:, :, 2])
                keypoints.append(points)
        joined = np.concatenate(keypoints)
        poses = Poses(joined, joined[:, :, 2].mean(1))
        return Estimates(poses, tuple(map(_next_crop, joined, crops)))

    def _maps(self, inputs: Floats, context: FrameContext) -> Floats:
        both = np.concatenate([inputs, inputs[..., ::-1]]) if self._is_mirrored else inputs
        (maps,) = self._network.run(both, context)
        plain = maps[: len(inputs), EFFICIENTPOSE_MAPS]
        if self._is_mirrored:
            plain += maps[len(inputs) :, _MIRRORED_MAPS, :, ::-1]
            plain /= 2
        return plain

    def crops_in(self, box: Box) -> Sequence[Crop]:
        """Returns a square around a box, larger because boxes fit tightly."""
        return [square_around(box, _BOX_SCALE)]


def _next_crop(keypoints: Floats, crop: Crop) -> Crop:
    """Returns the crop that follows from a person's keypoints; the same if too few were found.

    It moves half the way only, since keypoints may lie on somebody near.
    """
    points = np.where(keypoints[:, 2:] >= _MIN_HEAT, keypoints[:, :2], np.nan)
    following = person_crop(points, MPII16) or crop
    x, y = np.add(crop.centre, following.centre) / 2
    return Crop((float(x), float(y)), following.size)
