"""Bodies from heatmaps and part affinity fields: one network, one mode, any number of people."""

from dataclasses import astuple
from typing import cast

from posewire_server.errors import ErrorReason, SourceError
from posewire_server.inference.decode.paf import Algorithm, PafDecode
from posewire_server.inference.engine.network import Network
from posewire_server.inference.estimators.pose_estimator import Image, Request
from posewire_server.inference.preprocess.transform import fit, prepare
from posewire_server.inference.scheduling.frame_context import FrameContext
from posewire_server.inference.sources.planes import Planes
from posewire_server.models.catalog.spec import ModelSpec
from posewire_server.pose import Poses
from posewire_server.skeletons import PAF_CHANNELS

# These work on the picture, not on the network's output: 3 s for 1920x1080, a minute at 40 MP.
_DECODER_MAX_PIXELS = {"paddlehub": 2_500_000}


def build_decoder(spec: ModelSpec, name: str) -> PafDecode:
    """Builds one of the model's modes; its default one with the tuning for its network."""
    tuning = dict(spec.tuning) if name == spec.default_mode else {}
    channels = PAF_CHANNELS[spec.skeleton.name]
    return PafDecode(spec.skeleton, channels, cast("Algorithm", name), **tuning)


class PafEstimator:
    """A network of heatmaps and part affinity fields with its modes.

    Args:
        spec: The model.
        network: Its one network.
    """

    def __init__(self, spec: ModelSpec, network: Network) -> None:
        self._network = network
        self._decoders = {name: build_decoder(spec, name) for name in spec.modes}

    def find(self, image: Image | Planes, request: Request, context: FrameContext) -> Poses:
        """Returns the people in a picture, see ``PoseEstimator.find``; planes are accepted."""
        spec, region = self._network.spec.input, request.region
        with context.stage("decode"):
            size_image = (image.shape[1], image.shape[0])
            transform = fit(size_image, spec, astuple(region) if region else None)
            check_size(request.mode, transform.size_region)
            inputs = prepare(image, transform, spec)
        outputs = self._network.run(inputs, context)
        with context.stage("post"):
            return self._decoders[request.mode](outputs, transform)


def check_size(mode: str, size: tuple[int, int]) -> None:
    """Raises SourceError, IMAGE_TOO_LARGE, for a (w, h) that would keep a mode too long."""
    width, height = size
    limit = _DECODER_MAX_PIXELS.get(mode)
    if limit is not None and width * height > limit:
        text = f"mode '{mode}' takes at most {limit} pixels, not {width}x{height}; use 'fast'"
        sizes = {"width": width, "height": height, "max_image_pixels": limit}
        raise SourceError(ErrorReason.IMAGE_TOO_LARGE, text, **sizes)
