"""Heatmaps and part affinity fields to poses, found by the native core without the GIL."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from posewire_server import _native
from posewire_server.inference.preprocess.transform import Transform
from posewire_server.pose import Poses
from posewire_server.skeletons import Skeleton

Floats = npt.NDArray[np.float32]
Algorithm = Literal["fast", "openpose", "paddlehub"]


class PafDecode:
    """Decodes the output of an OpenPose-like network; immutable, safe to share between threads."""

    def __init__(
        self,
        skeleton: Skeleton,
        paf_channels: Sequence[tuple[int, int]],
        algorithm: Algorithm = "fast",
        **parameters: float,
    ) -> None:
        """Builds a decoder.

        Args:
            skeleton: K keypoints and L limbs.
            paf_channels: The channels of x and y for each limb, counted from the first PAF channel.
            algorithm: ``fast`` is this project's own; ``openpose`` and ``paddlehub`` give the
                keypoints that those systems give for the same output.
            parameters: Overrides of the native decoder's parameters, see ``_native.pyi``.

        Raises:
            ValueError: A parameter or the algorithm is unknown.
        """
        self._keypoint_count = len(skeleton.keypoints)
        self._decoder = _native.PafDecoder(
            limbs=np.asarray(skeleton.limbs, np.int32),
            paf_channels=np.asarray(paf_channels, np.int32),
            keypoint_count=self._keypoint_count,
            limb_lengths=skeleton.limb_lengths,
            algorithm=algorithm,
            simd="auto",
            **parameters,
        )

    def __call__(self, outputs: Sequence[Floats], transform: Transform) -> Poses:
        """Returns the poses of one frame in its pixels, best score first.

        Args:
            outputs: One (1, K + 1 + 2 L, h, w) array, see :meth:`find`.

        Raises:
            ValueError: The output has another shape or type.
        """
        maps = outputs[0]
        if maps.ndim != 4 or len(maps) != 1:
            raise ValueError(f"output: expected (1, C, h, w), got {maps.shape}")
        keypoints, scores = self.find(maps[0], transform.size_valid, transform.size_region)
        keypoints[:, :, :2] = transform.to_image(keypoints[:, :, :2])
        return Poses(keypoints, scores)

    def find(
        self, maps: Floats, size_input: tuple[int, int], size_image: tuple[int, int]
    ) -> tuple[Floats, Floats]:
        """Returns (P, K, 3) x, y in pixels of the input, score; and (P,) scores, best first.

        Args:
            maps: (K + 1 + 2 L, h, w): K heatmaps, the background, then the PAFs.
            size_input: (w, h) pixels of the input that show the picture.
            size_image: (W, H) pixels of the picture.
        """
        background = self._keypoint_count
        heatmaps, pafs = maps[:background], maps[background + 1 :]
        return self._decoder.decode(heatmaps, pafs, size_input=size_input, size_image=size_image)
