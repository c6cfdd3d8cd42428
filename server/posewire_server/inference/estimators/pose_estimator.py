"""Interface of all estimators: a picture and options go in, poses come out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from posewire_server.frame import Region
from posewire_server.inference.estimators.regions_of_interest import RegionsOfInterest
from posewire_server.inference.scheduling.frame_context import FrameContext
from posewire_server.inference.sources.picture import Picture
from posewire_server.pose import Poses

Image = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Abilities:
    """Abilities of an estimator beyond a region of a frame at full size.

    Attributes:
        takes_boxes: It takes boxes of instances in place of a detector.
        follows: In streams it looks for instances at their places in the last frame.
        reduced_modes: Modes that take pictures reduced to no less than the network's input.
    """

    takes_boxes: bool = False
    follows: bool = False
    reduced_modes: frozenset[str] = frozenset()


@dataclass(frozen=True)
class DetectionOptions:
    """Options of one detection.

    Attributes:
        region: The part to look at, in pixels of the picture; None for all of it.
        boxes: Boxes of instances in pixels of the picture, in place of a detector; the poses have
            their order.
        regions: Those of the instances of the stream's last frame, updated; None: detect them.
    """

    mode: str
    region: Region | None = None
    boxes: tuple[Region, ...] = ()
    regions: RegionsOfInterest | None = None


class PoseEstimator(Protocol):
    """Finds the poses in pictures; safe to share between threads."""

    @property
    def abilities(self) -> Abilities:
        """Abilities in all modes of the model."""
        ...

    def find(self, picture: Picture, options: DetectionOptions, context: FrameContext) -> Poses:
        """Returns the poses in pixels of the picture, best score first.

        Args:
            picture: Reduced only in one of ``reduced_modes``.

        Raises:
            PosewireError: Of the stage that failed, or of ``context.check``.
        """
        ...


class EstimatorByMode:
    """One estimator for each mode of a model. Its abilities are those that all of them have."""

    def __init__(self, estimators: Mapping[str, PoseEstimator]) -> None:
        self._estimators = estimators
        each = [estimator.abilities for estimator in estimators.values()]
        self.abilities = Abilities(
            takes_boxes=all(abilities.takes_boxes for abilities in each),
            follows=all(abilities.follows for abilities in each),
            reduced_modes=frozenset.intersection(*(abilities.reduced_modes for abilities in each)),
        )

    def find(self, picture: Picture, options: DetectionOptions, context: FrameContext) -> Poses:
        """Returns the poses in a picture, see ``PoseEstimator.find``."""
        return self._estimators[options.mode].find(picture, options, context)
