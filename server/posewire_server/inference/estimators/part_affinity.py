"""Bottom-up estimator of bodies: one network of heatmaps and part affinity fields (PAF)."""

from dataclasses import astuple
from typing import cast

from posewire_server.errors import ErrorReason, SourceError
from posewire_server.inference.decode.paf import Algorithm, PafDecode
from posewire_server.inference.engine.network import Network
from posewire_server.inference.estimators.pose_estimator import Abilities, DetectionOptions
from posewire_server.inference.preprocess.transform import fit, prepare
from posewire_server.inference.scheduling.frame_context import FrameContext
from posewire_server.inference.sources.picture import Picture
from posewire_server.models.catalog.spec import ModelSpec
from posewire_server.pose import Poses
from posewire_server.skeletons import PAF_CHANNELS

# These modes decode at the size of the picture: 3 s for 1920x1080, a minute at 40 MP.
_MODE_MAX_PIXELS = {"paddlehub": 2_500_000}


class PafEstimator:
    """Estimator with one network and a decoder for each mode.

    Only ``fast`` takes reduced pictures: the others answer as another project does and see what it
    sees.
    """

    abilities = Abilities(reduced_modes=frozenset({"fast"}))

    def __init__(self, spec: ModelSpec, network: Network) -> None:
        self._network = network
        self._decoders = {mode: build_decoder(spec, mode) for mode in spec.modes}

    def find(self, picture: Picture, options: DetectionOptions, context: FrameContext) -> Poses:
        """Returns the people in a picture, see ``PoseEstimator.find``."""
        spec, region = self._network.spec.input, options.region
        with context.stage("decode"):
            pixels = picture.pixels
            size_image = (pixels.shape[1], pixels.shape[0])
            transform = fit(size_image, spec, astuple(region) if region else None)
            check_size(options.mode, transform.size_region)
            inputs = prepare(pixels, transform, spec)
        outputs = self._network.run(inputs, context)
        with context.stage("post"):
            return self._decoders[options.mode](outputs, transform)


def build_decoder(spec: ModelSpec, mode: str) -> PafDecode:
    """Builds the decoder of a mode; that of the default mode has the tuning for the network."""
    tuning = dict(spec.tuning) if mode == spec.default_mode else {}
    channels = PAF_CHANNELS[spec.skeleton.name]
    return PafDecode(spec.skeleton, channels, cast("Algorithm", mode), **tuning)


def check_size(mode: str, size: tuple[int, int]) -> None:
    """Raises SourceError, IMAGE_TOO_LARGE, if a mode would take too long for a (w, h)."""
    width, height = size
    limit = _MODE_MAX_PIXELS.get(mode)
    if limit is not None and width * height > limit:
        text = f"mode '{mode}' takes at most {limit} pixels, not {width}x{height}; use 'fast'"
        sizes = {"width": width, "height": height, "max_image_pixels": limit}
        raise SourceError(ErrorReason.IMAGE_TOO_LARGE, text, **sizes)
