"""One model, another system for each of its decoders: where a decoder wants its own input."""

from collections.abc import Mapping

from posewire_server.passage import Passage
from posewire_server.pose import Poses
from posewire_server.systems.system import Image, Request, System


class ByDecoder:
    """Asks the system of the decoder that is wanted.

    Args:
        systems: One for each decoder of the model.
    """

    def __init__(self, systems: Mapping[str, System]) -> None:
        self._systems = systems

    def find(self, image: Image, request: Request, passage: Passage) -> Poses:
        """Returns the poses in a picture, see ``System.find``."""
        return self._systems[request.decoder].find(image, request, passage)
