"""How far a frame may be reduced when it is read: the network looks at a small copy of it anyway.

Decoding a JPEG file at a half or a quarter costs half of decoding it all, and planes of video that
are averaged at once need not be turned into as many colours.
"""

from dataclasses import astuple, replace
from typing import Final

import numpy as np

from posewire_server.errors import RegionError
from posewire_server.frame import Region
from posewire_server.inference.preprocess.transform import fit
from posewire_server.inference.sources.picture import Reduce
from posewire_server.models.catalog.spec import InputSpec
from posewire_server.pose import Poses

_REDUCTIONS: Final = (8, 4, 2)


def reduce_for(spec: InputSpec, region: Region | None) -> Reduce:
    """Returns how far frames may be reduced for an estimator that looks at each of them once.

    The region that the network sees never gets smaller than the network's input.

    Args:
        spec: The network's input.
        region: The part to look at, in pixels of the frame; None for all of it.
    """
    corners = astuple(region) if region else None

    def reduce(size: tuple[int, int]) -> int:
        try:
            transform = fit(size, spec, corners)
        except RegionError:
            return 1  # The estimator raises it again.
        sides = zip(transform.size_region, transform.size_valid, strict=True)
        least = min(seen // valid for seen, valid in sides)
        return next((reduction for reduction in _REDUCTIONS if reduction <= least), 1)

    return reduce


def reduced(region: Region | None, reduction: int) -> Region | None:
    """Returns a part of the frame in pixels of the reduced picture."""
    return region and Region(*(value / reduction for value in astuple(region)))


def enlarged(poses: Poses, reduction: int) -> Poses:
    """Returns poses in pixels of the frame from those in pixels of the reduced picture."""
    factors = np.array([reduction, reduction, 1], np.float32)
    depths = None if poses.depths is None else poses.depths * np.float32(reduction)
    return replace(poses, keypoints=poses.keypoints * factors, depths=depths)
