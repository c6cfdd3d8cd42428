"""The real body model behind the real server: people are found where they are."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from posewire import Client, Frame, Health, ImageOptions, ModelState, Result
from posewire.v1 import frame_pb2
from posewire_server.config import default_cache
from posewire_server.skeletons import COCO17, OPENPOSE18
from posewire_server.tools.media.sample import STREET, fetch_photo

from tests.serving.pictures import encode, with_orientation

Image = npt.NDArray[np.uint8]

FOLDER = "images/body_multi"
CLEAR = ("000000109313", "000000343803", "000000181303", "000000217285")
LARGE_PX2 = 64.0**2

pytestmark = pytest.mark.weights


@pytest.fixture(scope="module")
def encoded() -> bytes:
    """The file of the demo's photograph, a street with four people."""
    return fetch_photo(STREET, default_cache(), lambda *_: None).read_bytes()


@pytest.fixture(scope="module")
def image(encoded: bytes) -> Image:
    """Its pixels."""
    return np.asarray(cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR), np.uint8)


@pytest.fixture(scope="module")
def found(client: Client, encoded: bytes) -> Result:
    """What the server finds in it."""
    return client.detect_image(encoded)


@pytest.fixture(scope="module")
def found_at_full_size(client: Client, image: Image) -> Result:
    """What it finds where no mode can reduce the picture."""
    return client.detect_image(encode(image, ".png"))


def check_equal(result: Result, expected: Result) -> None:
    np.testing.assert_allclose(result.poses.keypoints, expected.poses.keypoints, atol=1e-3)
    np.testing.assert_allclose(result.poses.scores, expected.poses.scores, atol=1e-4)


def share_in_place(result: Result, expected: Result, *, within_px: float) -> float:
    """Returns the share of the best expected pose's keypoints that one pose has in place."""
    points = expected.poses.keypoints[0, :, :2]
    there = np.isfinite(points[:, 0])
    near = np.linalg.norm(result.poses.keypoints[:, :, :2] - points, axis=2) <= within_px
    return float(near[:, there].mean(axis=1).max())


def located(shared: Path, client: Client, picture: str) -> float:
    """Returns the share of the visible keypoints of large people that are found in place."""
    labels = json.loads((shared / "data" / "labels.json").read_text())["images"]
    (entry,) = (entry for entry in labels if entry["file"] == picture)
    result = client.detect_image((shared / "data" / picture).read_bytes())
    order = [OPENPOSE18.keypoints.index(name) for name in COCO17.keypoints]
    hits: list[bool] = []
    for person in (p for p in entry["instances"] if p["area"] > LARGE_PX2):
        points = np.array(person["keypoints"], float)
        offsets = result.poses.keypoints[:, order, :2] - (points[:, :2] + 0.5)
        near = np.linalg.norm(offsets, axis=2) <= 0.1 * person["area"] ** 0.5
        poses = near[:, points[:, 2] > 0]
        hits += list(poses[poses.sum(axis=1).argmax()]) if len(poses) else []
    return float(np.mean(hits))


@pytest.mark.parametrize("number", CLEAR)
def test_detect_finds_the_labelled_people(shared: Path, client: Client, number: str) -> None:
    picture = f"{FOLDER}/coco_mini_val2017__{number}.jpg"
    assert located(shared, client, picture) >= 0.75


def test_detect_finds_nobody_in_a_picture_of_nothing(client: Client) -> None:
    result = client.detect_image(encode(np.full((240, 320, 3), 127, np.uint8)))
    assert len(result.poses) == 0
    assert result.image_size == (320, 240)


def test_detect_result_holds_to_the_contract(found: Result, image: Image) -> None:
    height, width = image.shape[:2]
    poses = found.poses
    assert 3 <= len(poses) <= 6
    assert found.image_size == (width, height)
    assert np.all(np.diff(poses.scores) <= 0)
    assert np.all((poses.scores >= 0) & (poses.scores <= 1))
    there = np.isfinite(poses.keypoints[:, :, 0])
    assert np.all(poses.keypoints[~there][:, 2] == 0)
    assert np.all(np.isnan(poses.keypoints[~there][:, :2]))
    points = poses.keypoints[there][:, :2]
    assert np.all((points >= 0) & (points <= (width, height)))
    np.testing.assert_array_equal(poses.boxes[:, :2], np.nanmin(poses.keypoints[:, :, :2], axis=1))
    np.testing.assert_array_equal(poses.boxes[:, 2:], np.nanmax(poses.keypoints[:, :, :2], axis=1))


def test_detect_raw_pixels_equal_the_encoded_picture(
    client: Client, image: Image, found_at_full_size: Result
) -> None:
    check_equal(client.detect_image(image), found_at_full_size)


def test_detect_reduced_picture_finds_the_same_people(
    found: Result, found_at_full_size: Result
) -> None:
    assert found.image_size == found_at_full_size.image_size
    assert len(found.poses) == len(found_at_full_size.poses)
    assert share_in_place(found, found_at_full_size, within_px=10.0) >= 0.9


@pytest.mark.parametrize("padding", [0, 1, 64])
@pytest.mark.parametrize("name", ["BGR", "RGB"])
def test_detect_raw_rows_may_be_padded(
    client: Client, image: Image, found_at_full_size: Result, name: str, padding: int
) -> None:
    height, width = image.shape[:2]
    pixels = image if name == "BGR" else image[:, :, ::-1]
    rows = np.pad(pixels.reshape(height, -1), ((0, 0), (0, padding)), constant_values=255)
    raw = frame_pb2.RawImage(
        format=f"PIXEL_FORMAT_{name}",
        width=width,
        height=height,
        stride=width * 3 + padding,
        pixels=rows.tobytes()[: len(rows.tobytes()) - padding],
    )
    check_equal(client.detect_image(raw), found_at_full_size)


def test_detect_raw_grey_equals_the_encoded_grey(client: Client, image: Image) -> None:
    grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)
    check_equal(client.detect_image(grey), client.detect_image(encode(grey, ".png")))


@pytest.mark.parametrize("padding", [0, 32])
@pytest.mark.parametrize("name", ["NV12", "I420"])
def test_detect_raw_video_formats_find_the_same_people(
    client: Client, image: Image, found: Result, name: str, padding: int
) -> None:
    even = image[: image.shape[0] // 2 * 2, : image.shape[1] // 2 * 2]
    height, width = even.shape[:2]
    raw = frame_pb2.RawImage(
        format=f"PIXEL_FORMAT_{name}",
        width=width,
        height=height,
        stride=width + padding,
        pixels=to_yuv420(even, name, padding),
    )
    result = client.detect_image(raw)
    assert len(result.poses) == len(found.poses)
    assert share_in_place(result, found, within_px=5.0) >= 0.9


def to_yuv420(image: Image, name: str, padding: int) -> bytes:
    """Returns the planes of an image; rows of chroma are padded as the contract says."""
    height, width = image.shape[:2]
    planar = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420), np.uint8).reshape(-1)
    luma, chroma = np.split(planar, [width * height])
    blue, red = chroma.reshape(2, height // 2, width // 2)
    padded = [np.pad(luma.reshape(height, width), ((0, 0), (0, padding)))]
    if name == "NV12":
        both = np.stack([blue, red], axis=2).reshape(height // 2, width)
        padded.append(np.pad(both, ((0, 0), (0, padding))))
    else:
        padded += [np.pad(plane, ((0, 0), (0, padding // 2))) for plane in (blue, red)]
    return b"".join(plane.tobytes() for plane in padded)


def test_detect_exif_orientation_gives_points_of_the_upright_picture(
    client: Client, image: Image, found: Result
) -> None:
    turned = np.ascontiguousarray(np.rot90(image))  # orientation 6 turns it back, clockwise
    done, jpeg = cv2.imencode(".jpg", turned, [cv2.IMWRITE_JPEG_QUALITY, 100])
    assert done
    result = client.detect_image(with_orientation(jpeg.tobytes(), 6))
    assert result.image_size == found.image_size
    assert share_in_place(result, found, within_px=5.0) >= 0.9


def test_detect_region_gives_points_of_the_whole_frame(
    client: Client, encoded: bytes, found: Result
) -> None:
    left, top, right, bottom = (float(edge) for edge in found.poses.boxes[0])
    margin = 0.3 * max(right - left, bottom - top)
    region = (left - margin, top - margin, right + margin, bottom + margin)
    result = client.detect_image(Frame(encoded, region=region))
    assert result.image_size == found.image_size
    boxes = result.poses.boxes
    assert np.all(boxes[:, :2] >= np.floor(np.maximum(region[:2], 0)))
    assert np.all(boxes[:, 2:] <= np.ceil(region[2:]))
    assert share_in_place(result, found, within_px=0.1 * margin / 0.3) >= 0.7


def test_detect_options_choose_what_is_answered(
    client: Client, encoded: bytes, found: Result
) -> None:
    first = float(found.poses.scores[0])
    middle = (first + float(found.poses.scores[1])) / 2
    for options in (ImageOptions(max_poses=1), ImageOptions(minimum_score=middle)):
        result = client.detect_image(encoded, **options)
        assert result.poses.scores == pytest.approx([first], abs=1e-4)
    result = client.detect_image(encoded, read_mask=["timings"])
    assert (len(result.poses), result.image_size, result.model_version) == (0, (0, 0), "")
    assert result.timings.infer_s > 0


def test_detect_every_decoder_finds_the_person(
    client: Client, encoded: bytes, found: Result
) -> None:
    modes = client.get_model("body").modes
    assert modes[0] == "fast"
    for mode in modes:
        result = client.detect_image(encoded, mode=mode)
        assert share_in_place(result, found, within_px=10.0) >= 0.7, mode


def test_detect_stream_answers_as_single_calls_do(
    client: Client, encoded: bytes, image: Image, found: Result, found_at_full_size: Result
) -> None:
    flat = encode(np.zeros((100, 100, 3), np.uint8))
    outcomes = list(client.detect([encoded, flat, image]))
    assert [outcome.sequence_id for outcome in outcomes if isinstance(outcome, Result)] == [0, 1, 2]
    first, nobody, last = (outcome for outcome in outcomes if isinstance(outcome, Result))
    check_equal(first, found)
    check_equal(last, found_at_full_size)
    assert len(nobody.poses) == 0


def test_detect_streams_side_by_side_answer_as_alone(
    client: Client, encoded: bytes, found: Result
) -> None:
    with ThreadPoolExecutor(4) as pool:
        streams = [pool.submit(lambda: list(client.detect([encoded] * 2))) for _ in range(4)]
        outcomes = [outcome for stream in streams for outcome in stream.result()]
    assert len(outcomes) == 8
    for outcome in outcomes:
        assert isinstance(outcome, Result)
        check_equal(outcome, found)


def test_model_says_what_runs_it(client: Client) -> None:
    model = client.get_model("openpose_body_estimation")
    assert model.state is ModelState.SERVING
    assert model.engine.name in {"openvino", "onednn", "plain", "gpu"}
    assert (model.engine.precision, model.input_height) == ("fp32", 368)
    assert model.engine.threads >= 1
    assert client.health("body") is Health.SERVING
