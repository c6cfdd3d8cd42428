"""What can go wrong on a frame's way, one class per arrow.

bytes --SourceError--> image --RegionError--> region --EngineError--> arrays --> poses, under a
StreamError (order, deadline, room) all along; ModelError, WeightsError and ConfigError belong to
start-up and look-up. ``reason`` is a name to switch on, for what goes over the wire that of a value
of ``posewire.v1.ErrorReason`` without its prefix; the message names the remedy. This module knows
nothing of gRPC.
"""

from collections.abc import Mapping


class PosewireError(Exception):
    """An error a caller can act on.

    Attributes:
        reason: For instance ``IMAGE_UNDECODABLE``.
        metadata: Facts that help the caller, as text, keyed as error_reason.proto documents.
    """

    def __init__(self, reason: str, message: str, **metadata: object) -> None:
        super().__init__(message)
        self.reason = reason
        self.metadata: Mapping[str, str] = {key: str(value) for key, value in metadata.items()}


class SourceError(PosewireError):
    """The source of a frame is missing, malformed, too large, or of an unknown format."""


class RegionError(PosewireError):
    """The region of interest is outside the image, empty or not a number."""


class EngineError(PosewireError):
    """An inference engine could not be built, or its run failed."""


class StreamError(PosewireError):
    """A frame came out of order, too late, or without room for it; or the stream is misused."""


class ModelError(PosewireError):
    """The model is unknown or not ready, or does not offer what was asked of it."""


class WeightsError(PosewireError):
    """Weights could not be obtained, verified or stored."""


class ConfigError(PosewireError):
    """A setting of the command line, the environment or the settings file is wrong."""


class LabelsError(PosewireError):
    """A file of labelled pictures is missing, malformed, or has nothing to score."""
