"""Faces as PaddleHub's face_landmark_localization 1.1.0 cuts them out, to a thousandth of a pixel.

PaddleHub takes BGR pixels for RGB where it makes them grey; so is it done here.
"""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from posewire_server.inference.estimators.pose_estimator import Image
from posewire_server.inference.preprocess.transform import whole_pixels

SIZE = 60
Box = tuple[float, float, float, float]


def cut_face(image: Image, box: Box) -> tuple[npt.NDArray[np.float32], Box]:
    """Cuts a face out of a picture.

    Args:
        image: (H, W, 3) uint8 BGR.
        box: x_min, y_min, x_max, y_max in pixels of the frame.

    Returns:
        (1, 60, 60) float32 of mean 0 and deviation 1; and the box, in pixels of the frame, that
        points 0..1 of the network's answer are shares of.

    Raises:
        RegionError: REGION_INVALID: not a number, empty, inverted or outside the frame.
    """
    height, width = image.shape[:2]
    whole_pixels((width, height), box)
    left, top = (max(0, int(value)) for value in box[:2])
    right, bottom = min(width, int(box[2])), min(height, int(box[3]))
    grey = cv2.cvtColor(image[top : bottom + 1, left : right + 1], cv2.COLOR_RGB2GRAY)
    grey = cv2.resize(grey, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC)
    # PaddleHub counts from the centre of the first pixel, this project from its corner.
    place = (left + 0.5, top + 0.5, right + 0.5, bottom + 0.5)
    return standardise(grey)[None], place


def standardise(grey: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Brings grey values to mean 0 and deviation 1."""
    mean, deviation = cv2.meanStdDev(grey)
    values = (grey - mean[0, 0]) / (1e-6 + deviation[0, 0])
    return np.asarray(values, np.float32)
