"""Matrix and range that a client says of its pixels, from the client to the network's input."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pytest
from posewire import Client, ColorMatrix, ColorRange, FrameError, PixelFormat, RawPixels, Result
from posewire.frame import Source
from posewire.shared_object import is_available
from posewire.v1 import frame_pb2

from tests.serving.gated_predictor import GatedPredictor
from tests.serving.hosted_server import HostedServer

Image = npt.NDArray[np.uint8]
SHARED_MEMORY = pytest.param(
    True, marks=pytest.mark.skipif(not is_available(), reason="this system has no /dev/shm")
)


class WatchedPredictor(GatedPredictor):
    """Attributes:
    inputs: All inputs of the network.
    """

    def __init__(self) -> None:
        super().__init__()
        self.inputs: list[npt.NDArray[np.float32]] = []

    def run(self, inputs: npt.NDArray[np.float32]) -> list[npt.NDArray[np.float32]]:
        self.inputs.extend(inputs.copy())
        return super().run(inputs)


@pytest.fixture
def predictor() -> WatchedPredictor:
    return WatchedPredictor()


@pytest.fixture
def client(predictor: WatchedPredictor) -> Iterator[Client]:
    with HostedServer(predictor=predictor) as server, Client(server.address) as client:
        yield client


def picture() -> Image:
    """Returns 480x640 BGR, smooth, so that the halved chroma loses nothing, and of full colours."""
    y, x = np.mgrid[0:480, 0:640]
    channels = (40 + x * 150 // 640, 60 + y * 130 // 480, 200 - (x + y) * 120 // 1120)
    return np.stack(channels, axis=2).astype(np.uint8)


def nv12(image: Image, shares: tuple[float, float]) -> Image:
    """Returns full-range planes, (H * 3 / 2, W), by the shares of red and blue in luma."""
    red, blue = shares
    b, g, r = image.astype(float).transpose(2, 0, 1)
    luma = red * r + (1 - red - blue) * g + blue * b
    both = [(b - luma) / (2 - 2 * blue) + 128, (r - luma) / (2 - 2 * red) + 128]
    halves = [plane.reshape(240, 2, 320, 2).mean((1, 3)) for plane in both]
    planes = np.concatenate([luma, np.dstack(halves).reshape(240, 640)])
    return np.asarray(planes.round().clip(0, 255), np.uint8)


BT709_FULL = nv12(picture(), (0.2126, 0.0722))


def declared(matrix: ColorMatrix | None, values: ColorRange | None) -> RawPixels:
    return RawPixels.from_array(
        BT709_FULL, PixelFormat.NV12, color_matrix=matrix, color_range=values
    )


@pytest.mark.parametrize("shared_memory", [False, SHARED_MEMORY])
def test_nv12_as_its_client_says_gives_the_pixels_of_its_original(
    client: Client, predictor: WatchedPredictor, shared_memory: bool
) -> None:
    sources: list[Source] = [
        picture(),
        declared(ColorMatrix.BT709, ColorRange.FULL),
        declared(ColorMatrix.BT601, ColorRange.FULL),
        declared(ColorMatrix.BT709, ColorRange.LIMITED),
        declared(None, None),
    ]
    outcomes = list(client.detect(sources, shared_memory=shared_memory, max_in_flight=1))
    assert [type(outcome) for outcome in outcomes] == [Result] * len(sources)
    original, right, *wrong = predictor.inputs
    scale = np.ptp(original) / np.ptp(picture())  # of the network's input to levels of a pixel
    assert np.abs(right - original).max() <= 2 * scale
    for each in wrong:
        assert np.abs(each - original).max() >= 8 * scale


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ({"format": "PIXEL_FORMAT_NV12", "color_matrix": 3}, "color matrix 3"),
        ({"format": "PIXEL_FORMAT_NV12", "color_range": 3}, "color range 3"),
        ({"format": "PIXEL_FORMAT_BGR", "color_range": "COLOR_RANGE_FULL"}, "leave them unset"),
    ],
)
def test_colors_that_make_no_sense_are_a_frame_error(
    client: Client, said: dict[str, object], text: str
) -> None:
    raw = frame_pb2.RawImage(width=2, height=2, pixels=bytes(12), **said)  # type: ignore[arg-type]
    (outcome,) = client.detect([raw])
    assert isinstance(outcome, FrameError)
    assert outcome.reason == "RAW_IMAGE_MALFORMED"
    assert text in outcome.message
