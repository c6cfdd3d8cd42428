"""Models and skeletons as the server describes them."""

from dataclasses import dataclass
from enum import IntEnum

from posewire.v1 import model_pb2


class ModelState(IntEnum):
    """Readiness of a model: known, being loaded, or answering requests; UNSPECIFIED if unknown."""

    UNSPECIFIED = model_pb2.MODEL_STATE_UNSPECIFIED
    AVAILABLE = model_pb2.MODEL_STATE_AVAILABLE
    LOADING = model_pb2.MODEL_STATE_LOADING
    SERVING = model_pb2.MODEL_STATE_SERVING

    @classmethod
    def _missing_(cls, value: object) -> "ModelState":
        """Returns UNSPECIFIED for a value of a newer server."""
        del value
        return cls.UNSPECIFIED


@dataclass(frozen=True, slots=True)
class Skeleton:
    """Ordered keypoint names and how they connect.

    Attributes:
        name: For instance ``openpose18``.
        keypoints: Names; the position here is the position in ``Poses.keypoints``.
        limbs: Pairs of positions, for drawing.
        symmetric_pairs: (right, left) pairs that change places in a mirrored image.
    """

    name: str
    keypoints: tuple[str, ...]
    limbs: tuple[tuple[int, int], ...]
    symmetric_pairs: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Engine:
    """Engine that runs the network: ``openvino``, ``onednn``, ``plain`` or ``gpu``."""

    name: str
    precision: str
    threads: int


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of the server; ``posewire.v1.Limits`` documents each."""

    max_message_bytes: int
    max_image_pixels: int
    max_streams: int
    max_in_flight: int
    max_bytes_in_flight: int


@dataclass(frozen=True, slots=True)
class Provenance:
    """Source of the weights: the package, its digest and its licence."""

    source: str
    sha256: str
    licence: str


@dataclass(frozen=True, slots=True)
class Model:
    """A model that the server can be asked for.

    Attributes:
        name: Name to use in requests.
        aliases: Other names that mean the same.
        version: Changes whenever the weights or their import change.
        state: Whether it answers requests now.
        skeleton: What its poses consist of.
        input_height: Height of the network's input in pixels.
        input_max_width: Largest width of the network's input in pixels.
        modes: Values accepted for ``mode``; the first is the default.
        engine: What runs the network.
        limits: What a request may ask of the server.
        provenance: Where the weights of each of its networks come from.
    """

    name: str
    aliases: tuple[str, ...]
    version: str
    state: ModelState
    skeleton: Skeleton
    input_height: int
    input_max_width: int
    modes: tuple[str, ...]
    engine: Engine
    limits: Limits
    provenance: tuple[Provenance, ...]


def read_model(message: model_pb2.Model) -> Model:
    """Returns the model that a message describes."""
    engine, limits = message.engine, message.limits
    return Model(
        name=message.name,
        aliases=tuple(message.aliases),
        version=message.version,
        state=ModelState(message.state),
        skeleton=read_skeleton(message.skeleton),
        input_height=message.input_size.height,
        input_max_width=message.input_size.max_width,
        modes=tuple(message.modes),
        engine=Engine(engine.name, engine.precision, engine.threads),
        limits=Limits(
            max_message_bytes=limits.max_message_bytes,
            max_image_pixels=limits.max_image_pixels,
            max_streams=limits.max_streams,
            max_in_flight=limits.max_in_flight,
            max_bytes_in_flight=limits.max_bytes_in_flight,
        ),
        provenance=tuple(
            Provenance(origin.source, origin.sha256, origin.licence)
            for origin in message.provenance
        ),
    )


def read_skeleton(message: model_pb2.Skeleton) -> Skeleton:
    """Returns the skeleton that a message describes."""
    return Skeleton(
        name=message.name,
        keypoints=tuple(message.keypoint_names),
        limbs=tuple(_ends(pair) for pair in message.limbs),
        symmetric_pairs=tuple(_ends(pair) for pair in message.symmetric_pairs),
    )


def _ends(pair: model_pb2.KeypointPair) -> tuple[int, int]:
    return getattr(pair, "from"), pair.to
