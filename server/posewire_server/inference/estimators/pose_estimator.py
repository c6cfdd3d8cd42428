"""What all systems have in common: a picture and a request go in, poses come out."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from posewire_server.frame import Region
from posewire_server.inference.estimators.regions_of_interest import RegionsOfInterest
from posewire_server.inference.scheduling.frame_context import FrameContext
from posewire_server.pose import Poses

Image = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Request:
    """What is wanted of one picture.

    Attributes:
        mode: One of the model's modes.
        region: The part to look at, in pixels of the frame; None for all of it.
        boxes: Where instances are known to be, in pixels of the frame: in place of a detector. The
            answer then has one pose for each, in their order.
        memory: What the stream remembers of its last frame; None without tracking.
    """

    mode: str
    region: Region | None = None
    boxes: tuple[Region, ...] = ()
    memory: RegionsOfInterest | None = None


class PoseEstimator(Protocol):
    """Finds the poses in pictures; safe to share between threads."""

    def find(self, image: Image, request: Request, context: FrameContext) -> Poses:
        """Returns the poses in pixels of the frame, best score first.

        Args:
            image: (H, W, 3) uint8 BGR.
            request: What is wanted.
            context: Books the time and may stop the work.

        Raises:
            PosewireError: Of the stage that failed, or what ``context.check`` raised.
        """
        ...
