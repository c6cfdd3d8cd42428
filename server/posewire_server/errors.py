"""Errors that a caller can act on, one class for each stage of a frame.

The text of an error is lower case without a full stop; its remedy follows a semicolon. This module
knows nothing of gRPC.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeAlias


class ErrorReason(StrEnum):
    """Reasons of errors that clients receive: ``posewire.v1.ErrorReason`` without its prefix."""

    SOURCE_MISSING = "SOURCE_MISSING"
    SOURCE_UNIMPLEMENTED = "SOURCE_UNIMPLEMENTED"
    IMAGE_EMPTY = "IMAGE_EMPTY"
    IMAGE_FORMAT_UNSUPPORTED = "IMAGE_FORMAT_UNSUPPORTED"
    IMAGE_UNDECODABLE = "IMAGE_UNDECODABLE"
    IMAGE_TOO_LARGE = "IMAGE_TOO_LARGE"
    RAW_IMAGE_MALFORMED = "RAW_IMAGE_MALFORMED"
    REGION_INVALID = "REGION_INVALID"
    SEQUENCE_NOT_INCREASING = "SEQUENCE_NOT_INCREASING"
    FRAME_DEADLINE_EXCEEDED = "FRAME_DEADLINE_EXCEEDED"
    QUEUE_FULL = "QUEUE_FULL"
    CONFIG_MISSING = "CONFIG_MISSING"
    CONFIG_REPEATED = "CONFIG_REPEATED"
    CONFIG_INVALID = "CONFIG_INVALID"
    REQUEST_EMPTY = "REQUEST_EMPTY"
    FEATURE_UNIMPLEMENTED = "FEATURE_UNIMPLEMENTED"
    MODEL_UNKNOWN = "MODEL_UNKNOWN"
    MODEL_NOT_SERVING = "MODEL_NOT_SERVING"
    MODE_UNKNOWN = "MODE_UNKNOWN"
    TOO_MANY_STREAMS = "TOO_MANY_STREAMS"
    SERVER_DRAINING = "SERVER_DRAINING"
    ENGINE_FAILED = "ENGINE_FAILED"
    INTERNAL = "INTERNAL"
    WORKER_LOST = "WORKER_LOST"
    SHARED_MEMORY_NOT_FOUND = "SHARED_MEMORY_NOT_FOUND"
    SHARED_MEMORY_FORBIDDEN = "SHARED_MEMORY_FORBIDDEN"
    SHARED_MEMORY_OUT_OF_BOUNDS = "SHARED_MEMORY_OUT_OF_BOUNDS"
    VIDEO_PACKET_UNDECODABLE = "VIDEO_PACKET_UNDECODABLE"
    VIDEO_KEY_FRAME_MISSING = "VIDEO_KEY_FRAME_MISSING"
    VIDEO_UNSUPPORTED = "VIDEO_UNSUPPORTED"
    BYTES_EXHAUSTED = "BYTES_EXHAUSTED"


class LocalReason(StrEnum):
    """Reasons of errors that stay in the process: those of start-up and of command line tools."""

    ADDRESS_UNUSABLE = "ADDRESS_UNUSABLE"
    CACHE_UNWRITABLE = "CACHE_UNWRITABLE"
    CANCELLED = "CANCELLED"
    CONFIG_FILE_INVALID = "CONFIG_FILE_INVALID"
    EXTRA_MISSING = "EXTRA_MISSING"
    LABELS_EMPTY = "LABELS_EMPTY"
    LABELS_MALFORMED = "LABELS_MALFORMED"
    LABELS_UNREADABLE = "LABELS_UNREADABLE"
    NETWORK_UNKNOWN = "NETWORK_UNKNOWN"
    OUTPUT_UNWRITABLE = "OUTPUT_UNWRITABLE"
    PREDICTIONS_UNWRITABLE = "PREDICTIONS_UNWRITABLE"
    SERVER_FAILED = "SERVER_FAILED"
    SERVER_UNREACHABLE = "SERVER_UNREACHABLE"
    SETTING_INVALID = "SETTING_INVALID"
    SOURCE_EMPTY = "SOURCE_EMPTY"
    SOURCE_NOT_FOUND = "SOURCE_NOT_FOUND"
    SOURCE_UNREADABLE = "SOURCE_UNREADABLE"
    TASK_UNKNOWN = "TASK_UNKNOWN"
    TASK_UNSUITED = "TASK_UNSUITED"
    WEIGHTS_DAMAGED = "WEIGHTS_DAMAGED"
    WEIGHTS_DIGEST_MISMATCH = "WEIGHTS_DIGEST_MISMATCH"
    WEIGHTS_UNAVAILABLE = "WEIGHTS_UNAVAILABLE"
    WEIGHTS_UNSUPPORTED = "WEIGHTS_UNSUPPORTED"
    WORKER_FAILED = "WORKER_FAILED"


Reason: TypeAlias = ErrorReason | LocalReason


def find_reason(name: str) -> Reason:
    """Returns the reason of a name.

    Raises:
        ValueError: There is no such reason.
    """
    return ErrorReason(name) if name in ErrorReason.__members__ else LocalReason(name)


class PosewireError(Exception):
    """An error a caller can act on.

    Attributes:
        reason: What to switch on.
        metadata: Facts that help the caller, as text, keyed as error_reason.proto documents.
    """

    def __init__(self, reason: Reason, message: str, **metadata: object) -> None:
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
