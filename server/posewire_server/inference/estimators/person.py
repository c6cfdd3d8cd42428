"""Persons: heatmaps of a network that expects a single person in a square crop.

The crop is that of MPII's protocol (Andriluka et al., 2014): 1.25 times the person's height, which
the limbs tell as soon as keypoints are known. So a person is read twice where only a box or the
whole picture is given, and once where the body network has told the keypoints.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from posewire_server.frame import Region
from posewire_server.inference.decode.heatmap import Refinement, decode_heatmaps
from posewire_server.inference.engine.network import Network
from posewire_server.inference.estimators.by_mode import ByMode
from posewire_server.inference.estimators.estimates import Estimates
from posewire_server.inference.estimators.person_scale import person_crop
from posewire_server.inference.estimators.pose_estimator import Image, PoseEstimator, Request
from posewire_server.inference.estimators.tiles import cut_all
from posewire_server.inference.estimators.top_down import TopDown
from posewire_server.inference.preprocess.crop import Box, Crop, covering
from posewire_server.inference.scheduling.frame_context import FrameContext
from posewire_server.models.catalog.spec import ModelSpec
from posewire_server.pose import Poses
from posewire_server.skeletons import MPII16, OPENPOSE18

Floats = npt.NDArray[np.float32]

# The map of each MPII keypoint: EfficientPose starts at the head and goes down.
EFFICIENTPOSE_MAPS: Final = (12, 11, 10, 13, 14, 15, 9, 5, 1, 0, 4, 3, 2, 6, 7, 8)
# Mean heat of persons in a crop of theirs is above 0.3, of pictures without one below 0.17.
MIN_SCORE: Final = 0.2
# Of right keypoints 95 in 100 are hotter.
_MIN_HEAT: Final = 0.25
# Side of the first crop over the longer side of a box that fits the person tightly.
_BOX_SCALE: Final = 1.5
_PAIRS = dict(MPII16.symmetric_pairs) | {left: right for right, left in MPII16.symmetric_pairs}
_OTHER_SIDES: Final = [_PAIRS.get(index, index) for index in range(len(MPII16.keypoints))]


def build_persons(spec: ModelSpec, network: Network, bodies: PoseEstimator | None) -> PoseEstimator:
    """Puts the network, with each of the model's modes, and what finds persons together.

    Args:
        spec: The model.
        network: EfficientPose.
        bodies: Finds persons for it; None: a picture shows one.
    """
    finder = BodyFinder(bodies) if bodies else WholeFinder(network)
    first_passes = 1 if bodies else 2

    def read(refinement: Refinement, *, is_mirrored: bool = False) -> PersonHead:
        return PersonHead(
            network,
            EFFICIENTPOSE_MAPS,
            refinement,
            first_passes=first_passes,
            is_mirrored=is_mirrored,
        )

    dark, quarter, mirror = read("dark"), read("quarter"), read("dark", is_mirrored=True)
    systems = {
        "dark": TopDown(finder, dark, MIN_SCORE),
        "quarter": TopDown(finder, quarter, MIN_SCORE),
        "mirror": TopDown(finder, mirror, MIN_SCORE, scout=dark),
    }
    return ByMode({name: systems[name] for name in spec.modes})


class WholeFinder:
    """Takes the picture for one of a single person, see ``topdown.Finder``."""

    def __init__(self, network: Network) -> None:
        self._spec = network.spec.input

    def find(
        self, _image: Image, part: Box, _context: FrameContext, *, is_thorough: bool
    ) -> Sequence[Crop]:
        """Returns the smallest crop around the whole part."""
        del is_thorough
        return [covering(part, self._spec)]


class BodyFinder:
    """Finds persons by their bodies, see ``topdown.Finder``.

    Args:
        bodies: A system that answers OPENPOSE18 and has the mode ``fast``.
    """

    def __init__(self, bodies: PoseEstimator) -> None:
        self._bodies = bodies

    def find(
        self, image: Image, part: Box, context: FrameContext, *, is_thorough: bool
    ) -> Sequence[Crop]:
        """Returns a crop of the size of the whole person around each body."""
        del is_thorough
        request = Request("fast", Region(*part))
        poses = self._bodies.find(image, request, context)
        crops = [person_crop(points[:, :2], OPENPOSE18) for points in poses.keypoints]
        return [crop for crop in crops if crop is not None]


class PersonHead:
    """Reads the 16 keypoints of persons, see ``topdown.Reader``.

    Args:
        network: One map for each keypoint.
        maps: Index of the map of each keypoint of MPII16.
        refinement: How places between cells are found.
        first_passes: See ``topdown.Reader``.
        is_mirrored: Whether each crop is also read mirrored, and both answers averaged.
    """

    def __init__(
        self,
        network: Network,
        maps: Sequence[int],
        refinement: Refinement = "dark",
        *,
        first_passes: int = 1,
        is_mirrored: bool = False,
    ) -> None:
        self.first_passes = first_passes
        self._network = network
        self._order = list(maps)
        self._mirrored = [maps[index] for index in _OTHER_SIDES]
        self._refinement = refinement
        self._is_mirrored = is_mirrored

    def read(self, image: Image, crops: Sequence[Crop], context: FrameContext) -> Estimates:
        """Returns a person for each crop; the score is the mean heat of the keypoints."""
        keypoints = [np.zeros((0, len(self._order), 3), np.float32)]
        for batch, maps in self._maps(image, crops, context):
            with context.stage("post"):
                points = decode_heatmaps(maps, self._refinement)
                for crop, each in zip(batch, points, strict=True):
                    each[:, :2] = crop.to_image(each[:, :2])
                np.clip(points[:, :, 2], 0, 1, out=points[:, :, 2])
                keypoints.append(points)
        joined = np.concatenate(keypoints)
        poses = Poses(joined, joined[:, :, 2].mean(1))
        following = tuple(map(_next_crop, joined, crops))
        return Estimates(poses, following)

    def _maps(
        self, image: Image, crops: Sequence[Crop], context: FrameContext
    ) -> Iterator[tuple[Sequence[Crop], Floats]]:
        """Yields crops batch by batch, each with (N, 16, h, w) maps in the order of MPII16."""
        for batch, inputs in cut_all(image, crops, self._network.spec.input, context):
            both = np.concatenate([inputs, inputs[..., ::-1]]) if self._is_mirrored else inputs
            (maps,) = self._network.run(both, context)
            plain = maps[: len(batch), self._order]
            if self._is_mirrored:
                plain += maps[len(batch) :, self._mirrored, :, ::-1]
                plain /= 2
            yield batch, plain

    def crops_in(self, box: Box) -> Sequence[Crop]:
        """Returns a square around a box, with room for what the box leaves out."""
        x_min, y_min, x_max, y_max = box
        side = max(x_max - x_min, y_max - y_min) * _BOX_SCALE
        return [Crop(((x_min + x_max) / 2, (y_min + y_max) / 2), (side, side))]


def _next_crop(keypoints: Floats, crop: Crop) -> Crop:
    """Returns the crop that a person's keypoints ask for; the same where too little was found.

    It moves half the way only, since keypoints may have strayed to somebody near.
    """
    points = np.where(keypoints[:, 2:] >= _MIN_HEAT, keypoints[:, :2], np.nan)
    following = person_crop(points, MPII16) or crop
    x, y = np.add(crop.centre, following.centre) / 2
    return Crop((float(x), float(y)), following.size)
