"""Top-down detection: a detector finds the instances, then a network reads each one's keypoints.

In a stream with memory the crops come from the keypoints of the last frame and the detector rests,
as MediaPipe does it (Zhang et al., 2020): it runs when an instance is lost, and now and then for
new ones.
"""

from collections.abc import Sequence
from dataclasses import astuple, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from posewire_server.frame import Region
from posewire_server.inference.estimators.estimates import Estimates, join
from posewire_server.inference.estimators.pose_estimator import Image, Request
from posewire_server.inference.estimators.regions_of_interest import RegionsOfInterest
from posewire_server.inference.preprocess.crop import Box, Crop
from posewire_server.inference.preprocess.transform import whole_pixels
from posewire_server.inference.scheduling.frame_context import FrameContext
from posewire_server.pose import Poses

MEDIAPIPE = "mediapipe"
"""Name of the mode that looks once at the whole picture and reads each instance once."""

# Instances of one picture that are read, the best ones of the detector.
_MOST_INSTANCES = 256
_MIN_SCORE = 0.5
# Of an instance's keypoints, the share that has to stay in the part that is looked at.
_MIN_SHARE_SEEN = 0.25


class Finder(Protocol):
    """Finds instances in a part of a picture."""

    def find(
        self, image: Image, part: Box, context: FrameContext, *, is_thorough: bool
    ) -> Sequence[Crop]:
        """Returns crops that show one instance each, best first.

        Args:
            image: (H, W, 3) uint8 BGR.
            part: x_min, y_min, x_max, y_max in pixels of the frame; nothing else is looked at.
            context: Books the time and may stop the work.
            is_thorough: Whether to look closer than once at the whole part.
        """
        ...


class KeypointHead(Protocol):
    """Reads the keypoints of instances.

    Attributes:
        first_passes: How often an instance that was only just detected is read, each time in
            the better crop that follows from the last.
    """

    first_passes: int

    def read(self, image: Image, crops: Sequence[Crop], context: FrameContext) -> Estimates:
        """Returns one pose for each crop, in their order."""
        ...

    def crops_in(self, box: Box) -> Sequence[Crop]:
        """Returns crops of which one should suit the instance that fills a box."""
        ...


class TopDown:
    """A finder and a reader.

    Args:
        finder: Finds the instances.
        reader: Reads their keypoints.
        min_score: What the reader scores less is no instance.
        scout: A cheaper reader for all readings of an instance but the last; None: the same.
    """

    def __init__(
        self,
        finder: Finder,
        reader: KeypointHead,
        min_score: float = _MIN_SCORE,
        scout: KeypointHead | None = None,
    ) -> None:
        self._finder = finder
        self._reader = reader
        self._min_score = min_score
        self._scout = scout or reader

    def find(self, image: Image, request: Request, context: FrameContext) -> Poses:
        """Returns the instances in a picture, see ``PoseEstimator.find``.

        Raises:
            RegionError: REGION_INVALID.
        """
        size = (image.shape[1], image.shape[0])
        part = whole_pixels(size, astuple(request.region) if request.region else None)
        is_plain = request.mode == MEDIAPIPE
        if request.boxes:
            return self._read_boxes(image, request.boxes, context)
        if request.memory is not None:
            return self._follow(image, part, request.memory, context, is_plain=is_plain)
        if is_plain:
            crops = self._finder.find(image, part, context, is_thorough=False)
            reading = self._reader.read(image, crops[:_MOST_INSTANCES], context)
        else:
            reading = self._detect(image, part, (), context, is_thorough=True)
        return reading.poses.take(reading.of_instances(self._min_score))

    def _detect(
        self,
        image: Image,
        part: Box,
        known: Sequence[Crop],
        context: FrameContext,
        *,
        is_thorough: bool,
    ) -> Estimates:
        """Finds and reads the instances whose place is not known yet."""
        found = self._finder.find(image, part, context, is_thorough=is_thorough)
        new = [crop for crop in found[:_MOST_INSTANCES] if not any(_is_in(crop, k) for k in known)]
        first, *others = [self._scout] * (self._reader.first_passes - 1) + [self._reader]
        reading = first.read(image, new, context)
        reading = reading.take(reading.of_instances(self._min_score))
        for reader in others:
            reading = reader.read(image, reading.crops, context)
        return reading

    def _read_boxes(self, image: Image, boxes: Sequence[Region], context: FrameContext) -> Poses:
        """Reads every box in its most probable crop, and again in the one that follows from it."""
        size = (image.shape[1], image.shape[0])
        for box in boxes:
            whole_pixels(size, astuple(box))
        crops = [self._reader.crops_in(astuple(box)) for box in boxes]
        reading = self._scout.read(image, [crop for some in crops for crop in some], context)
        ends = np.cumsum([len(some) for some in crops])
        best = [
            end - len(some) + int(np.argmax(reading.poses.scores[end - len(some) : end]))
            for end, some in zip(ends, crops, strict=True)
        ]
        return self._reader.read(image, reading.take(np.array(best)).crops, context).poses

    def _follow(
        self,
        image: Image,
        part: Box,
        memory: RegionsOfInterest,
        context: FrameContext,
        *,
        is_plain: bool,
    ) -> Poses:
        is_due = memory.tick()
        estimates = self._reader.read(image, memory.crops, context)
        found = estimates.of_instances(self._min_score)
        is_seen = [_is_seen(estimates.poses.keypoints[index], part) for index in found]
        kept = found[np.array(is_seen, np.bool_)]
        estimates, ids = estimates.take(kept), memory.ids[kept]
        is_lost = len(kept) < len(memory.crops)
        if is_lost:
            memory.lose()
        if is_due or is_lost or not len(kept):
            is_thorough = is_due and not is_plain
            new = self._detect(image, part, estimates.crops, context, is_thorough=is_thorough)
            estimates = join([estimates, new])
            order = estimates.of_instances(self._min_score, known=len(kept))
            estimates, ids = estimates.take(order), np.pad(ids, (0, len(new.crops)))[order]
        memory.renew(estimates.crops)
        return replace(estimates.poses, ids=ids)


def _is_in(crop: Crop, other: Crop) -> bool:
    """Whether two crops show the same instance: each one's centre lies near the other's."""
    distance = np.hypot(*np.subtract(crop.centre, other.centre))
    return bool(distance < 0.25 * min(max(crop.size), max(other.size)))


def _is_seen(keypoints: npt.NDArray[np.float32], part: Box) -> bool:
    """Whether enough of an instance is in a part; of people, often the lower half is not."""
    x, y = keypoints[:, 0], keypoints[:, 1]
    is_in = (part[0] <= x) & (x <= part[2]) & (part[1] <= y) & (y <= part[3])
    return bool(is_in.mean() >= _MIN_SHARE_SEEN)
