"""The C++ core. Arrays are never converted: a wrong type or shape is an error that quotes it."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

class PafDecoder:
    """Decodes heatmaps and part affinity fields; immutable and safe to share between threads."""

    def __init__(
        self,
        *,
        limbs: npt.NDArray[np.int32],
        paf_channels: npt.NDArray[np.int32],
        keypoint_count: int,
        limb_lengths: Sequence[float] = (),
        algorithm: str = "fast",
        simd: str = "auto",
        **parameters: float,
    ) -> None:
        """Builds a mode.

        Args:
            limbs: (L, 2) int32, the keypoints that each limb connects.
            paf_channels: (L, 2) int32, the PAF channels of x and y of each limb.
            keypoint_count: K.
            limb_lengths: Of each limb as a share of a person's height, 0 where it follows no bone.
                With them ``fast`` gives peaks that no limb reaches to the pose they fit by
                distance.
            algorithm: ``fast``, ``openpose`` or ``paddlehub``.
            simd: ``auto``, ``baseline``, ``avx2`` or ``avx512``; all give the same bits.
            parameters: Of ``fast`` (lengths in cells unless said otherwise):
                stride: pixels of the input to a cell.
                bias_x, bias_y: how far the network's peaks lie beside the truth, in input pixels.
                peak_threshold: a peak's value exceeds this.
                peaks_per_keypoint: of more, the highest are kept.
                sample_min, samples, misses_max: a limb has so many samples, and at most so many of
                them may have a field along it that does not exceed the minimum.
                across_weight, length_weight: taken from a limb's score for field across it, and
                for each cell of its length.
                links_per_peak: of more limbs at a peak, the best are kept.
                length_ratio, length_margin, share_ratio: see ``LinkRule`` in link_finder.h.
                share_min: least score of a limb to a peak that another pose has.
                adoption_min: least score of a peak that is given to a pose without a limb.
                keypoints_min, score_min: a pose with fewer or a lower mean score is dropped.

        Raises:
            ValueError: An array has another shape or type, a limb names a keypoint that is not
                there, or an algorithm, a level or a parameter is unknown.
        """

    def decode(
        self,
        heatmaps: npt.NDArray[np.float32],
        pafs: npt.NDArray[np.float32],
        *,
        size_input: tuple[int, int],
        size_image: tuple[int, int],
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Finds the poses of one frame, without the GIL.

        Args:
            heatmaps: (at least K, H, W) float32.
            pafs: (2 L, H, W) float32.
            size_input: (w, h) in pixels of the network's input that the picture covers.
            size_image: (W, H) in pixels of the picture; both sizes matter to ``paddlehub`` alone.

        Returns:
            (P, K, 3) float32: x, y in pixels of the input with the origin at the top-left corner of
            the top-left pixel, and a score; NaN, NaN, 0 where missing. Then (P,) float32 scores in
            [0, 1]; the best pose comes first.

        Raises:
            ValueError: The maps do not fit the skeleton or each other, or a size is out of range.
        """

def preprocess(
    image: npt.NDArray[np.uint8],
    output: npt.NDArray[np.float32],
    *,
    size_valid: tuple[int, int],
    mean: tuple[float, float, float],
    scale: tuple[float, float, float],
    pad: float,
    swap_red_blue: bool,
    simd: str = "auto",
) -> None:
    """Resizes, pads, normalises and splits the channels of an image in one pass, without the GIL.

    Args:
        image: (H, W, 3) uint8, any strides.
        output: (3, h, w) float32, C-contiguous; every value is written.
        size_valid: (w, h) the image is scaled to, at the top left of the output.
        mean: Subtracted from pixels; for each plane of the output.
        scale: Multiplied after that; for each plane of the output.
        pad: Value of the output outside ``size_valid``.
        swap_red_blue: Whether plane 0 shows channel 2 and plane 2 channel 0.
        simd: ``auto``, ``baseline``, ``avx2`` or ``avx512``; all give the same bits.
    """

def preprocess_yuv(
    y: npt.NDArray[np.uint8],
    u: npt.NDArray[np.uint8],
    v: npt.NDArray[np.uint8],
    output: npt.NDArray[np.float32],
    *,
    reduction: int,
    matrix: str,
    full_range: bool,
    part: tuple[int, int, int, int],
    size_valid: tuple[int, int],
    mean: tuple[float, float, float],
    scale: tuple[float, float, float],
    pad: float,
    swap_red_blue: bool,
    simd: str = "auto",
) -> None:
    """Does ``yuv_to_bgr`` and then ``preprocess`` row by row, without a picture in between.

    Args:
        y: As of ``yuv_to_bgr``.
        u: As of ``yuv_to_bgr``.
        v: As of ``yuv_to_bgr``.
        output: As of ``preprocess``.
        reduction: As of ``yuv_to_bgr``.
        matrix: As of ``yuv_to_bgr``.
        full_range: As of ``yuv_to_bgr``.
        part: left, top, width, height in pixels of the reduced picture; what is scaled.
        size_valid: As of ``preprocess``.
        mean: As of ``preprocess``.
        scale: As of ``preprocess``.
        pad: As of ``preprocess``.
        swap_red_blue: As of ``preprocess``.
        simd: ``auto``, ``baseline``, ``avx2`` or ``avx512``; all give the same bits.

    Raises:
        ValueError: A shape, the part, a size, the reduction, the matrix or the level is wrong.
    """

def yuv_to_bgr(
    y: npt.NDArray[np.uint8],
    u: npt.NDArray[np.uint8],
    v: npt.NDArray[np.uint8],
    output: npt.NDArray[np.uint8],
    *,
    reduction: int,
    matrix: str,
    full_range: bool,
    simd: str = "auto",
) -> None:
    """Turns planes of 4:2:0 video into BGR in one pass, without the GIL.

    Args:
        y: (H, W) uint8, any strides.
        u: ((H + 1) // 2, (W + 1) // 2) uint8, any strides.
        v: As ``u``.
        output: (h, w, 3) uint8: the sizes of ``y`` over ``reduction``, rounded up. Its rows follow
            each other without gaps, and are either pixels or all blue, all green, all red.
        reduction: 1, 2, 4 or 8.
        matrix: ``bt601`` or ``bt709``.
        full_range: Whether luma and chroma use all values.
        simd: ``auto``, ``baseline``, ``avx2`` or ``avx512``; all give the same bits.

    Raises:
        ValueError: A shape, the reduction, the matrix or the level is wrong.
    """

def predictor_run_available(predictor: object) -> bool:
    """Returns whether ``predictor_run`` can run this object.

    Args:
        predictor: A ``paddle.inference.Predictor``; for anything else the answer is False.
    """

def predictor_run(predictor: object) -> bool:
    """Runs a predictor without the GIL; its tensors are read and written through Paddle.

    Args:
        predictor: A ``paddle.inference.Predictor``, used by no other thread meanwhile.

    Raises:
        ValueError: ``predictor_run_available`` is False for it.
        RuntimeError: Paddle's own message.
    """
