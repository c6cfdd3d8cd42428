"""posewire: stream video frames to a keypoint server, get poses back.

>>> from posewire import Client, Result
>>> with Client("localhost:50051") as client:
...     for outcome in client.detect(frames):
...         if isinstance(outcome, Result):
...             print(outcome.sequence_id, outcome.poses.keypoints.shape)
"""

from posewire.aio import AsyncClient
from posewire.client import Client
from posewire.errors import (
    CancelledError,
    DeadlineExceededError,
    FailedPreconditionError,
    InternalError,
    InvalidArgumentError,
    ModelNotServingError,
    ModelUnknownError,
    NotFoundError,
    PosewireError,
    ProtocolError,
    ResourceExhaustedError,
    UnavailableError,
    UnimplementedError,
)
from posewire.frame import Frame, FrameLike, Source
from posewire.health import Health
from posewire.model import Engine, Limits, Model, ModelState, Provenance, Skeleton
from posewire.options import (
    ImageOptions,
    Order,
    OverflowPolicy,
    Priority,
    SmoothingOptions,
    StreamOptions,
    TrackingOptions,
)
from posewire.outcome import (
    Dropped,
    DropReason,
    FrameError,
    Lost,
    Outcome,
    Poses,
    Result,
    Timings,
)
from posewire.pixels import ColorMatrix, ColorRange, PixelFormat, RawPixels
from posewire.reconnect import Reconnect
from posewire.version import __version__
from posewire.video import VideoCodec, access_units, video_packet

__all__ = [
    "AsyncClient",
    "CancelledError",
    "Client",
    "ColorMatrix",
    "ColorRange",
    "DeadlineExceededError",
    "DropReason",
    "Dropped",
    "Engine",
    "FailedPreconditionError",
    "Frame",
    "FrameError",
    "FrameLike",
    "Health",
    "ImageOptions",
    "InternalError",
    "InvalidArgumentError",
    "Limits",
    "Lost",
    "Model",
    "ModelNotServingError",
    "ModelState",
    "ModelUnknownError",
    "NotFoundError",
    "Order",
    "Outcome",
    "OverflowPolicy",
    "PixelFormat",
    "Poses",
    "PosewireError",
    "Priority",
    "ProtocolError",
    "Provenance",
    "RawPixels",
    "Reconnect",
    "ResourceExhaustedError",
    "Result",
    "Skeleton",
    "SmoothingOptions",
    "Source",
    "StreamOptions",
    "Timings",
    "TrackingOptions",
    "UnavailableError",
    "UnimplementedError",
    "VideoCodec",
    "__version__",
    "access_units",
    "video_packet",
]
