"""Parts of a frame at whole pixels: what PaddleHub's modules would be given as a picture."""

from collections.abc import Iterator
from dataclasses import astuple, dataclass

import numpy as np
import numpy.typing as npt

from posewire_server.inference.estimators.pose_estimator import Image, Request
from posewire_server.inference.preprocess.transform import Transform, whole_pixels


@dataclass(frozen=True, eq=False)
class Part:
    """A part of a frame.

    Attributes:
        image: (h, w, 3) uint8 BGR, a view of the frame.
        offset: (x, y) of its top-left pixel in the frame.
        size_image: (W, H) of the frame.
    """

    image: Image
    offset: tuple[int, int]
    size_image: tuple[int, int]

    @property
    def size(self) -> tuple[int, int]:
        """(w, h)."""
        return self.image.shape[1], self.image.shape[0]

    def transform(self, size_valid: tuple[int, int], size_input: tuple[int, int]) -> Transform:
        """Returns how the part lies in an input of (w, h), of which ``size_valid`` shows it."""
        return Transform(self.size_image, self.offset, self.size, size_valid, size_input)

    def points_of(self, pixels: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
        """Maps pixels as PaddleHub counts them, from the centre of the first, to the frame."""
        return np.asarray(pixels + 0.5 + np.array(self.offset), np.float32)


def cut_parts(image: Image, request: Request) -> Iterator[Part]:
    """Yields the parts that a request is about: its boxes, or else its region or the whole frame.

    Raises:
        RegionError: REGION_INVALID: not a number, empty, inverted or outside the frame.
    """
    size_image = (image.shape[1], image.shape[0])
    for box in request.boxes or (request.region,):
        left, top, right, bottom = whole_pixels(size_image, astuple(box) if box else None)
        yield Part(image[top:bottom, left:right], (left, top), size_image)
