"""Bodies, hands and persons exactly as PaddleHub's modules find them.

The modules are openpose_body_estimation 1.1.0, hand_pose_localization 1.1.0 and
human_pose_estimation_resnet50_mpii 1.2.0. Each model has this mode and a more exact one.
"""

from collections.abc import Callable
from functools import partial
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from posewire_server.inference.decode.paf import PafDecode
from posewire_server.inference.engine.network import Network
from posewire_server.inference.estimators.originals.heatmap_estimator import (
    STRIDE,
    HeatmapEstimator,
    ImagePart,
    image_parts,
)
from posewire_server.inference.estimators.part_affinity import PafEstimator, check_size
from posewire_server.inference.estimators.pose_estimator import (
    Abilities,
    DetectionOptions,
    EstimatorByMode,
    Image,
)
from posewire_server.inference.preprocess.transform import Transform
from posewire_server.inference.scheduling.frame_context import FrameContext
from posewire_server.inference.sources.picture import Picture
from posewire_server.models.catalog.spec import InputSpec, ModelSpec
from posewire_server.pose import Poses
from posewire_server.skeletons import OPENPOSE18_PAF_CHANNELS

Floats = npt.NDArray[np.float32]

BODY_HEIGHT: Final = 184
BODY_PAD: Final = 128
HAND_HEIGHT: Final = 368
HAND_HEAT_MIN: Final = 0.1
# The crop's side over the longer side of a box, in training: Simon et al., 2017, and Xiao et al.,
# 2018.
HAND_GROWTH: Final = 2.2
PERSON_GROWTH: Final = 1.25


def build_original_body(spec: ModelSpec, network: Network) -> EstimatorByMode:
    """Puts PaddleHub's mode and those of ``PafEstimator`` together."""
    ours = dict.fromkeys(spec.modes, PafEstimator(spec, network))
    return EstimatorByMode(ours | {"paddlehub": PaddleHubBody(spec, network)})


def build_original_hand(spec: ModelSpec, network: Network) -> EstimatorByMode:
    """Puts PaddleHub's mode and one with refined places together."""
    dark = HeatmapEstimator(spec, network, "dark", growth=HAND_GROWTH, heat_min=HAND_HEAT_MIN)
    return EstimatorByMode({"dark": dark, "paddlehub": paddlehub_hand(spec, network)})


def build_original_person(spec: ModelSpec, network: Network) -> EstimatorByMode:
    """Puts PaddleHub's mode and the one of the network's authors together."""
    quarter = HeatmapEstimator(spec, network, "quarter", growth=PERSON_GROWTH, heat_min=0.0)
    return EstimatorByMode({"quarter": quarter, "paddlehub": paddlehub_person(spec, network)})


def paddlehub_hand(spec: ModelSpec, network: Network) -> "PaddleHubInstance":
    """Returns the estimator of one hand."""
    return PaddleHubInstance(spec, network, prepare_hand, decode_hand)


def paddlehub_person(spec: ModelSpec, network: Network) -> "PaddleHubInstance":
    """Returns the estimator of one person.

    The keypoints have MPII's order, as the network gives them; PaddleHub's names for the legs are
    those of the other side.
    """
    prepare = partial(prepare_person, spec=network.spec.input)
    decode = partial(decode_person, stride=network.spec.outputs[0].stride)
    return PaddleHubInstance(spec, network, prepare, decode)


class PaddleHubBody:
    """Estimator on a picture of 184 rows, decoded at the picture's own size."""

    abilities = Abilities()

    def __init__(self, spec: ModelSpec, network: Network) -> None:
        self._network = network
        self._decode = PafDecode(spec.skeleton, OPENPOSE18_PAF_CHANNELS, "paddlehub")

    def find(self, picture: Picture, options: DetectionOptions, context: FrameContext) -> Poses:
        """Returns the people in a picture, see ``PoseEstimator.find``."""
        (part,) = image_parts(picture, options, context)
        check_size("paddlehub", part.size)
        with context.stage("decode"):
            inputs, size_valid = prepare_body(part.image)
        outputs = self._network.run(inputs, context)
        with context.stage("post"):
            size_input = inputs.shape[3], inputs.shape[2]
            transform = Transform(part.size_image, part.offset, part.size, size_valid, size_input)
            return self._decode(outputs, transform)


class PaddleHubInstance:
    """Estimator of one instance for each box, or for the whole picture.

    Args:
        network: Its first maps are those of the skeleton.
        prepare: Part of an image to (1, 3, h, w).
        decode: Maps (K, h, w) of a part to (K, 3) in pixels of the image.
    """

    abilities = Abilities(takes_boxes=True)

    def __init__(
        self,
        spec: ModelSpec,
        network: Network,
        prepare: Callable[[Image], Floats],
        decode: Callable[[Floats, ImagePart], Floats],
    ) -> None:
        self._network = network
        self._count = len(spec.skeleton.keypoints)
        self._prepare = prepare
        self._decode = decode

    def find(self, picture: Picture, options: DetectionOptions, context: FrameContext) -> Poses:
        """Returns one pose for each box, see ``PoseEstimator.find``."""
        parts = image_parts(picture, options, context)
        keypoints = np.array([self._find(part, context) for part in parts])
        return Poses(keypoints, keypoints[:, :, 2].mean(1))

    def _find(self, part: ImagePart, context: FrameContext) -> Floats:
        with context.stage("decode"):
            inputs = self._prepare(part.image)
        (maps,) = self._network.run(inputs, context)
        with context.stage("post"):
            return self._decode(maps[0, : self._count], part)


def prepare_body(image: Image) -> tuple[Floats, tuple[int, int]]:
    """Scales a picture to 184 rows with cubic weights, pads it with grey and centres its values.

    The result is (1, 3, h, w) float32, and the (w, h) of it that show the picture.
    """
    scale = BODY_HEIGHT / image.shape[0]
    scaled = cv2.resize(image, (0, 0), fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    height, width = scaled.shape[:2]
    padded = cv2.copyMakeBorder(
        scaled,
        *(0, -height % STRIDE, 0, -width % STRIDE),
        cv2.BORDER_CONSTANT,
        value=(BODY_PAD,) * 3,
    )
    values = padded.astype(np.float32) / 255 - 0.5
    return np.ascontiguousarray(values.transpose(2, 0, 1)[None]), (width, height)


def prepare_hand(image: Image) -> Floats:
    """Scales a picture to (1, 3, 368, w) float32 in 0..1; the width is not rounded to cells."""
    width = int(image.shape[1] / image.shape[0] * HAND_HEIGHT * 8 // 8)
    scaled = cv2.resize(image, (max(width, 1), HAND_HEIGHT))
    values = scaled.astype(np.float32) * np.float32(1 / 255)
    return np.ascontiguousarray(values.transpose(2, 0, 1)[None])


def prepare_person(image: Image, spec: InputSpec) -> Floats:
    """Stretches a picture to the input, (1, 3, h, w) float32."""
    stretched = cv2.resize(image, spec.size).astype(np.float32)
    values = (stretched - np.array(spec.mean, np.float32)) * np.array(spec.scale, np.float32)
    return np.ascontiguousarray(values.transpose(2, 0, 1)[None])


def decode_person(maps: Floats, part: ImagePart, stride: int) -> Floats:
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


def decode_hand(maps: Floats, part: ImagePart) -> Floats:
    """Returns (K, 3) of maps (K, h, w): each one's highest pixel at the part's own size."""
    return np.array([_peak(heat, part) for heat in maps], np.float32)


def _peak(heat: Floats, part: ImagePart) -> tuple[float, float, float]:
    _, highest, _, place = cv2.minMaxLoc(cv2.resize(heat, part.size))
    if highest <= HAND_HEAT_MIN:
        return np.nan, np.nan, 0.0
    x, y = part.points_of(np.array(place))
    return float(x), float(y), min(float(highest), 1.0)
