"""MediaPipe Face Mesh: faces by its short-range and full-range detectors and its face mesh.

After Kartynnik et al., 2019, and the graphs ``face_detection`` and ``face_landmark``. Detections of
both detectors are merged. The full-range one, which finds small faces, looks at tiles of the
picture too, and at tiles of tiles that show small faces.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from posewire_server.inference.decode.anchors import AnchorSpec, Detections, merge
from posewire_server.inference.decode.face_mapping import ibug68
from posewire_server.inference.decode.landmarks import sigmoid, to_image, turn, with_scores
from posewire_server.inference.engine.network import Network
from posewire_server.inference.estimators.estimates import Estimates
from posewire_server.inference.estimators.pose_estimator import Image
from posewire_server.inference.estimators.tiles import TileDetector, run_on_crops, tiles
from posewire_server.inference.estimators.top_down import TopDownEstimator
from posewire_server.inference.preprocess.crop import Box, Crop, covering, square_around
from posewire_server.inference.scheduling.frame_context import FrameContext
from posewire_server.models.catalog.spec import ModelSpec
from posewire_server.pose import Poses
from posewire_server.skeletons import IBUG68

Points = npt.NDArray[np.float32]

SHORT_ANCHORS = AnchorSpec(layers=((8, 2), (16, 6)))
FULL_ANCHORS = AnchorSpec(layers=((4, 1),))
_MIN_SHORT_SCORE, _MIN_FULL_SCORE = 0.5, 0.6
_SAME_FACE = 0.3
# Share of a tile; a face of half this size is seldom found.
_SMALL_FACE = 0.16
# The detectors' keypoints, and the mesh's outer corners of the eyes; right is the face's own.
_RIGHT_EYE, _LEFT_EYE = 0, 1
_RIGHT_CORNER, _LEFT_CORNER = 33, 263
# Side of the crop over the longer side of a face's box.
_SCALE = 1.5


def build_faces(spec: ModelSpec, mesh: Network, short: Network, full: Network) -> TopDownEstimator:
    """Puts the face mesh and the detectors together; the skeleton is IBUG68 or the whole mesh."""
    head = FaceMeshHead(mesh, is_68=spec.skeleton is IBUG68)
    return TopDownEstimator(FaceDetector(short, full), head)


class FaceDetector:
    """Detector of near and far faces, see ``InstanceDetector``."""

    def __init__(self, short: Network, full: Network) -> None:
        self._short = TileDetector(short, SHORT_ANCHORS, _MIN_SHORT_SCORE)
        self._full = TileDetector(full, FULL_ANCHORS, _MIN_FULL_SCORE)

    def detect(
        self, image: Image, part: Box, context: FrameContext, *, is_thorough: bool
    ) -> Sequence[Crop]:
        """Returns a turned crop around each face; looks at tiles of the part if thorough."""
        found = self._short(image, part, [covering(part, self._short.input)], context)
        found += self._full(image, part, [covering(part, self._full.input)], context)
        if is_thorough:
            found += self._detect_in_tiles(image, part, context)
        with context.stage("post"):
            faces = merge(found, _SAME_FACE)
            return [
                square_around(box, _SCALE, turn(keypoints[_RIGHT_EYE], keypoints[_LEFT_EYE]))
                for box, keypoints in zip(faces.boxes, faces.keypoints, strict=True)
            ]

    def _detect_in_tiles(self, image: Image, part: Box, context: FrameContext) -> list[Detections]:
        """Looks at tiles of a part, and at the tiles of those that show small faces."""
        coarse = tiles(part)
        found = self._full(image, part, coarse, context)
        crowds = [tile for tile, faces in zip(coarse, found, strict=True) if _is_crowd(faces, tile)]
        fine = [tile for crowd in crowds for tile in tiles(crowd.box)]
        return found + self._full(image, part, fine, context)


class FaceMeshHead:
    """Head for the mesh of faces or its 68 points of iBUG, see ``KeypointHead``."""

    first_passes = 2

    def __init__(self, mesh: Network, *, is_68: bool) -> None:
        self._network = mesh
        self._is_68 = is_68

    def estimate(self, image: Image, crops: Sequence[Crop], context: FrameContext) -> Estimates:
        """Returns a face for each crop; 0 in depth is the middle of the head."""
        values, presence = run_on_crops(self._network, image, crops, context)
        points, depths = to_image(values, crops, self._network.spec.input.size)
        mesh = np.concatenate([points, depths[:, :, None]], 2)
        mesh = ibug68(mesh) if self._is_68 else mesh
        scores = sigmoid(presence[:, 0])
        poses = Poses(with_scores(mesh[:, :, :2], scores[:, None]), scores, mesh[:, :, 2])
        return Estimates(poses, tuple(map(face_crop, points)))

    def crops_in(self, box: Box) -> Sequence[Crop]:
        """Returns a square around a box; the face is assumed to be upright."""
        return [square_around(np.array(box, np.float32), _SCALE)]


def _is_crowd(faces: Detections, tile: Crop) -> bool:
    """Whether the faces in a tile are small enough that others may have been missed."""
    return len(faces) > 0 and bool(faces.sizes.min() < _SMALL_FACE * tile.size[0])


def face_crop(points: Points) -> Crop:
    """Returns the crop in which to read a face of mesh (468, 2) again, or in the next frame."""
    box = np.concatenate([points.min(0), points.max(0)])
    return square_around(box, _SCALE, turn(points[_RIGHT_CORNER], points[_LEFT_CORNER]))
