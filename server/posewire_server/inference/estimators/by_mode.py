"""One model, another system for each of its modes: where a mode wants its own input."""

from collections.abc import Mapping

from posewire_server.inference.estimators.pose_estimator import Image, PoseEstimator, Request
from posewire_server.inference.scheduling.frame_context import FrameContext
from posewire_server.pose import Poses


class ByMode:
    """Asks the system of the mode that is wanted.

    Args:
        systems: One for each mode of the model.
    """

    def __init__(self, systems: Mapping[str, PoseEstimator]) -> None:
        self._systems = systems

    def find(self, image: Image, request: Request, context: FrameContext) -> Poses:
        """Returns the poses in a picture, see ``PoseEstimator.find``."""
        return self._systems[request.mode].find(image, request, context)
