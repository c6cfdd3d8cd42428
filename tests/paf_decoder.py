"""Native decoders for tests."""

import numpy as np
from posewire_server import _native
from posewire_server.skeletons import OPENPOSE18, OPENPOSE18_PAF_CHANNELS


def make_decoder(algorithm: str, simd: str = "auto") -> _native.PafDecoder:
    """A decoder of OpenPose's 18 keypoints."""
    return _native.PafDecoder(
        limbs=np.asarray(OPENPOSE18.limbs, np.int32),
        paf_channels=np.asarray(OPENPOSE18_PAF_CHANNELS, np.int32),
        keypoint_count=len(OPENPOSE18.keypoints),
        limb_lengths=OPENPOSE18.limb_lengths,
        algorithm=algorithm,
        simd=simd,
    )
