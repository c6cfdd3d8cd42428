"""VanFace: 68 keypoints of a face in a box of dlib's detector.

The network was trained on dlib's boxes and depends on the position of the box: a box that fits the
keypoints tightly triples its error. dlib's are squares from the brows to the chin.
"""

from collections.abc import Sequence
from dataclasses import astuple
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from posewire_server.inference.engine.network import Network
from posewire_server.inference.estimators.face import FaceDetector
from posewire_server.inference.estimators.pose_estimator import (
    Abilities,
    DetectionOptions,
    EstimatorByMode,
    Image,
)
from posewire_server.inference.preprocess.crop import Box, Crop
from posewire_server.inference.preprocess.transform import whole_pixels
from posewire_server.inference.scheduling.frame_context import FrameContext
from posewire_server.inference.sources.picture import Picture
from posewire_server.models.catalog.spec import ModelSpec
from posewire_server.pose import Poses

# Position of dlib's box: its centre above that of what it is derived from, and its side, both as
# shares of that one's side. Of the crop around a detected face; and of the keypoints, whose centre
# is that of the nose's. On 9 faces with 2D labels the error is .061 of the distance of the eyes in
# the first, .056 in the second derived from the first's answer, and .050 in the one derived from
# the labels; the detectors' own boxes give .070 and more.
OF_CROP: Final = (0.05, 0.7)
OF_KEYPOINTS: Final = (0.075, 1.0)
_NOSE: Final = slice(27, 36)
_LARGEST_BATCH: Final = 8
_SIZE: Final = 60

Floats = npt.NDArray[np.float32]


def build_original_face(
    spec: ModelSpec, network: Network, short: Network, full: Network
) -> EstimatorByMode:
    """Puts VanFace and MediaPipe's detectors of short and full range together."""
    detector = FaceDetector(short, full)
    vanface = VanFaceEstimator(spec, network, detector, is_paddlehub=False)
    paddlehub = VanFaceEstimator(spec, network, detector, is_paddlehub=True)
    return EstimatorByMode({"vanface": vanface, "paddlehub": paddlehub})


class VanFaceEstimator:
    """Estimator of the face in each box, or of each face that a detector finds.

    Args:
        network: (1, 60, 60) to 68 points of the box.
        is_paddlehub: Whether faces are cut out as PaddleHub does it, upright and at whole pixels.
    """

    abilities = Abilities(takes_boxes=True)

    def __init__(
        self, spec: ModelSpec, network: Network, detector: FaceDetector, *, is_paddlehub: bool
    ) -> None:
        self._count = len(spec.skeleton.keypoints)
        self._network = network
        self._detector = detector
        self._is_paddlehub = is_paddlehub

    def find(self, picture: Picture, options: DetectionOptions, context: FrameContext) -> Poses:
        """Returns one face, of score 1, for each of dlib's boxes; see ``PoseEstimator.find``."""
        with context.stage("decode"):
            image = picture.image
        crops = self._crops(image, options, context)
        points = self._read(image, crops, context)
        if not options.boxes and not self._is_paddlehub:
            crops = [dlib_crop(each, crop) for each, crop in zip(points, crops, strict=True)]
            points = self._read(image, crops, context)
        keypoints = np.concatenate([points, np.ones((*points.shape[:2], 1))], 2, dtype=np.float32)
        return Poses(keypoints, np.ones(len(points), np.float32))

    def _read(self, image: Image, crops: Sequence[Crop], context: FrameContext) -> Floats:
        cut_out = _cut_as_paddlehub if self._is_paddlehub else _cut_turned
        found = [np.zeros((0, self._count, 2), np.float32)]
        for first in range(0, len(crops), _LARGEST_BATCH):
            with context.stage("decode"):
                batch = [cut_out(image, crop) for crop in crops[first : first + _LARGEST_BATCH]]
                inputs = np.array([face for face, _ in batch], np.float32)
            (values,) = self._network.run(inputs, context)
            with context.stage("post"):
                points = values.reshape(-1, self._count, 2)
                pairs = zip(batch, points, strict=True)
                found += [shown.to_image(each)[None] for (_, shown), each in pairs]
        return np.concatenate(found)

    def _crops(self, image: Image, options: DetectionOptions, context: FrameContext) -> list[Crop]:
        size = (image.shape[1], image.shape[0])
        if options.boxes:
            return [_around(astuple(box), size) for box in options.boxes]
        part = whole_pixels(size, astuple(options.region) if options.region else None)
        found = self._detector.detect(image, part, context, is_thorough=True)
        above, share = OF_CROP
        centre = np.array([0.5, 0.5 - above])
        return [Crop.square(c.to_image(centre), share * c.size[0], c.rotation) for c in found]


def dlib_crop(points_image: npt.NDArray[np.floating], crop: Crop) -> Crop:
    """Returns dlib's box around keypoints (68, 2) of an image, turned as a square crop is."""
    above, share = OF_KEYPOINTS
    points = crop.to_unit(points_image)
    side = float(np.ptp(points, axis=0).max())
    centre = points[_NOSE].mean(0) - (0, above * side)
    return Crop.square(crop.to_image(centre), share * side * crop.size[0], crop.rotation)


def cut_face(image: Image, box: Box) -> tuple[Floats, Box]:
    """Cuts a face out as PaddleHub's face_landmark_localization 1.1.0, to 1e-3 pixels.

    Like PaddleHub it takes BGR pixels for RGB when it makes them grey.

    Returns:
        (1, 60, 60) float32 of mean 0 and deviation 1; and the box, in pixels of the image, of which
        the network's answers are shares.

    Raises:
        RegionError: REGION_INVALID: not a number, empty, inverted or outside the image.
    """
    height, width = image.shape[:2]
    whole_pixels((width, height), box)
    left, top = (max(0, int(value)) for value in box[:2])
    right, bottom = min(width, int(box[2])), min(height, int(box[3]))
    grey = cv2.cvtColor(image[top : bottom + 1, left : right + 1], cv2.COLOR_RGB2GRAY)
    grey = cv2.resize(grey, (_SIZE, _SIZE), interpolation=cv2.INTER_CUBIC)
    # PaddleHub counts from the centre of the first pixel, this project from its corner.
    place = (left + 0.5, top + 0.5, right + 0.5, bottom + 0.5)
    return _standardise(grey)[None], place


def _standardise(grey: npt.NDArray[Any]) -> Floats:
    mean, deviation = cv2.meanStdDev(grey)
    values = (grey - mean[0, 0]) / (1e-6 + deviation[0, 0])
    return np.asarray(values, np.float32)


def _around(box: Box, size_image: tuple[int, int]) -> Crop:
    whole_pixels(size_image, box)
    x_min, y_min, x_max, y_max = box
    return Crop(((x_min + x_max) / 2, (y_min + y_max) / 2), (x_max - x_min, y_max - y_min))


def _cut_turned(image: Image, crop: Crop) -> tuple[Floats, Crop]:
    """Cuts a face out without smoothing, as the network saw faces in its training."""
    corners_image = crop.to_image(np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))
    corners_input = np.array([[0, 0], [_SIZE, 0], [0, _SIZE]])
    # OpenCV counts from pixel centres, this project from pixel corners.
    matrix = cv2.getAffineTransform(
        (corners_image - 0.5).astype(np.float32), (corners_input - 0.5).astype(np.float32)
    )
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    face = cv2.warpAffine(
        grey, matrix, (_SIZE, _SIZE), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return _standardise(face)[None], crop


def _cut_as_paddlehub(image: Image, crop: Crop) -> tuple[Floats, Crop]:
    face, place = cut_face(image, crop.box)
    return face, _around(place, (image.shape[1], image.shape[0]))
