"""Top-down estimator: a detector finds the instances, a head reads the keypoints of each.

In a tracked stream the crops follow from the keypoints of the last frame, as in MediaPipe (Zhang et
al., 2020); the detector runs if an instance is lost, and from time to time for new ones.
"""

from collections.abc import Sequence
from dataclasses import astuple, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from posewire_server.frame import Region
from posewire_server.inference.estimators.estimates import Estimates, join
from posewire_server.inference.estimators.pose_estimator import Abilities, DetectionOptions, Image
from posewire_server.inference.estimators.regions_of_interest import RegionsOfInterest
from posewire_server.inference.preprocess.crop import Box, Crop
from posewire_server.inference.preprocess.transform import whole_pixels
from posewire_server.inference.scheduling.frame_context import FrameContext
from posewire_server.inference.sources.picture import Picture
from posewire_server.pose import Poses

MEDIAPIPE = "mediapipe"
"""Name of the mode that looks once at the whole picture and reads each instance once."""

# The best instances of the detector, up to this number, are read.
_MAX_INSTANCES = 256
_MIN_SCORE = 0.5
# Share of an instance's keypoints that has to stay in the part that is looked at.
_MIN_SHARE_SEEN = 0.25


class InstanceDetector(Protocol):
    """Finds instances in a part of a picture."""

    def detect(
        self, image: Image, part: Box, context: FrameContext, *, is_thorough: bool
    ) -> Sequence[Crop]:
        """Returns crops that show one instance of a part each, best first.

        All outside the part is ignored. A thorough detector looks at tiles of the part too.
        """
        ...


class KeypointHead(Protocol):
    """Reads the keypoints of instances.

    Attributes:
        first_passes: Number of times that a new instance is read, each time in the better crop that
            follows from the last.
    """

    first_passes: int

    def estimate(self, image: Image, crops: Sequence[Crop], context: FrameContext) -> Estimates:
        """Returns one pose for each crop, in their order."""
        ...

    def crops_in(self, box: Box) -> Sequence[Crop]:
        """Returns crops, of the same number for any box, of which one should suit its instance."""
        ...


class TopDownEstimator:
    """Estimator of a detector and a head.

    Args:
        first_head: A cheaper head for all passes over an instance but the last; None: the same.
    """

    abilities = Abilities(takes_boxes=True, follows=True)

    def __init__(
        self,
        detector: InstanceDetector,
        head: KeypointHead,
        min_score: float = _MIN_SCORE,
        first_head: KeypointHead | None = None,
    ) -> None:
        self._detector = detector
        self._head = head
        self._min_score = min_score
        self._first_head = first_head or head

    def find(self, picture: Picture, options: DetectionOptions, context: FrameContext) -> Poses:
        """Returns the instances in a picture, see ``PoseEstimator.find``."""
        with context.stage("decode"):
            image = picture.image
        part = whole_pixels(picture.size, astuple(options.region) if options.region else None)
        is_thorough = options.mode != MEDIAPIPE
        if options.boxes:
            return self._read_boxes(image, options.boxes, context)
        if options.regions is not None:
            return self._follow(image, part, options.regions, context, is_thorough=is_thorough)
        if is_thorough:
            estimates = self._detect(image, part, context, is_thorough=True)
        else:
            crops = self._detector.detect(image, part, context, is_thorough=False)
            estimates = self._head.estimate(image, crops[:_MAX_INSTANCES], context)
        return estimates.poses.take(estimates.non_maximum_suppression(self._min_score))

    def _detect(
        self,
        image: Image,
        part: Box,
        context: FrameContext,
        *,
        is_thorough: bool,
        known: Sequence[Crop] = (),
    ) -> Estimates:
        found = self._detector.detect(image, part, context, is_thorough=is_thorough)
        new = [crop for crop in found[:_MAX_INSTANCES] if not any(_is_in(crop, k) for k in known)]
        first, *others = [self._first_head] * (self._head.first_passes - 1) + [self._head]
        estimates = first.estimate(image, new, context)
        estimates = estimates.take(estimates.non_maximum_suppression(self._min_score))
        for head in others:
            estimates = head.estimate(image, estimates.crops, context)
        return estimates

    def _read_boxes(self, image: Image, boxes: Sequence[Region], context: FrameContext) -> Poses:
        """Reads each box in its most probable crop, and again in the crop that follows from it."""
        size = (image.shape[1], image.shape[0])
        for box in boxes:
            whole_pixels(size, astuple(box))
        crops = [crop for box in boxes for crop in self._head.crops_in(astuple(box))]
        estimates = self._first_head.estimate(image, crops, context)
        scores = estimates.poses.scores.reshape(len(boxes), -1)
        best = scores.argmax(1) + np.arange(0, scores.size, scores.shape[1])
        return self._head.estimate(image, estimates.take(best).crops, context).poses

    def _follow(
        self,
        image: Image,
        part: Box,
        regions: RegionsOfInterest,
        context: FrameContext,
        *,
        is_thorough: bool,
    ) -> Poses:
        """Returns the instances of the last frame, with their ids, and new ones, with id 0."""
        is_due = regions.tick()
        estimates = self._head.estimate(image, regions.crops, context)
        found = estimates.non_maximum_suppression(self._min_score)
        is_seen = [_is_seen(estimates.poses.keypoints[index], part) for index in found]
        kept = found[np.array(is_seen, np.bool_)]
        estimates, ids = estimates.take(kept), regions.ids[kept]
        is_lost = len(kept) < len(regions.crops)
        if is_lost:
            regions.lose()
        if is_due or is_lost or not len(kept):
            is_thorough = is_due and is_thorough
            known = estimates.crops
            new = self._detect(image, part, context, is_thorough=is_thorough, known=known)
            estimates = join([estimates, new])
            order = estimates.non_maximum_suppression(self._min_score, known=len(kept))
            estimates, ids = estimates.take(order), np.pad(ids, (0, len(new.crops)))[order]
        regions.renew(estimates.crops)
        return replace(estimates.poses, ids=ids)


def _is_in(crop: Crop, other: Crop) -> bool:
    """Whether two crops show the same instance: each one's centre lies near the other's."""
    distance = np.hypot(*np.subtract(crop.centre, other.centre))
    return bool(distance < 0.25 * min(max(crop.size), max(other.size)))


def _is_seen(keypoints: npt.NDArray[np.float32], part: Box) -> bool:
    """Whether enough of an instance is in a part; often the lower half of a person is not."""
    x, y = keypoints[:, 0], keypoints[:, 1]
    is_in = (part[0] <= x) & (x <= part[2]) & (part[1] <= y) & (y <= part[3])
    return bool(is_in.mean() >= _MIN_SHARE_SEEN)
