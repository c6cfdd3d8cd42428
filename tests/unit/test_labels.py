import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from posewire_server.errors import LabelsError
from posewire_server.labels import read_labels


def record(**changes: object) -> dict[str, Any]:
    """A picture with one person who has a nose at the centre of the first pixel."""
    person = {
        "bbox": [0, 0, 10, 20],
        "keypoints": [[0, 0, 2], *[[0, 0, 0]] * 16],
        "area": 100,
        "iscrowd": 0,
    }
    picture = {
        "file": "images/one.jpg",
        "task": "body_multi",
        "dataset": "coco_mini",
        "width": 30,
        "height": 40,
        "instances": [person],
    }
    return picture | changes


def write(folder: Path, content: object) -> Path:
    path = folder / "labels.json"
    path.write_text(json.dumps(content))
    return path


def test_read_gives_pictures_beside_the_file_with_corner_coordinates(tmp_path: Path) -> None:
    (picture,) = read_labels(write(tmp_path, {"images": [record()]}))
    assert picture.path == tmp_path / "images/one.jpg"
    assert picture.size == (30, 40)
    assert picture.is_exhaustive
    (person,) = picture.persons
    assert person.keypoints[0].tolist() == [0.5, 0.5, 2.0]
    assert person.area == 100
    assert person.counts


def test_read_chooses_task_and_datasets(tmp_path: Path) -> None:
    records = [
        record(file="a"),
        record(file="b", dataset="crowdpose"),
        record(file="c", dataset="ochuman"),
        record(file="d", task="hand21"),
    ]
    path = write(tmp_path, {"images": records})
    chosen = [picture.path.name for picture in read_labels(path, datasets=("coco_*", "ochuman"))]
    assert chosen == ["a", "c"]


def test_read_without_area_takes_a_share_of_the_box(tmp_path: Path) -> None:
    person = record()["instances"][0] | {"area": None}
    (picture,) = read_labels(write(tmp_path, {"images": [record(instances=[person])]}))
    assert picture.persons[0].area == pytest.approx(0.53 * 200)


def test_read_ignore_regions_gives_polygons(tmp_path: Path) -> None:
    region = [[0, 0], [9, 0], [9, 9]]
    content = {"images": [record(ignore_regions=[region], exhaustive=False)]}
    (picture,) = read_labels(write(tmp_path, content))
    assert not picture.is_exhaustive
    np.testing.assert_array_equal(picture.ignore_regions[0], np.array(region) + 0.5)


def test_read_crowds_and_persons_without_keypoints_do_not_count(tmp_path: Path) -> None:
    crowd = record()["instances"][0] | {"iscrowd": 1}
    empty = record()["instances"][0] | {"keypoints": [[0, 0, 0]] * 17}
    content = {"images": [record(), record(instances=[crowd, empty])]}
    _, picture = read_labels(write(tmp_path, content))
    assert [person.counts for person in picture.persons] == [False, False]


@pytest.mark.parametrize(
    "content",
    [
        [],
        {},
        {"images": 3},
        {"images": [3]},
        {"images": [{"task": "body_multi"}]},
        {"images": [record(width="wide")]},
        {"images": [record(instances=[{"bbox": [0, 0, 1, 1]}])]},
        {"images": [record(instances=[record()["instances"][0] | {"keypoints": [[1, 2, 2]]}])]},
        {"images": [record(instances=None)]},
        {"images": [record(file=None)]},
    ],
)
def test_read_another_format_is_malformed(tmp_path: Path, content: object) -> None:
    path = write(tmp_path, content)
    with pytest.raises(LabelsError, match=r"labels\.json") as caught:
        read_labels(path)
    assert caught.value.reason == "LABELS_MALFORMED"


@pytest.mark.parametrize("content", [b"no json", b"\xff\xfe\x00"])
def test_read_no_json_is_malformed(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "labels.json"
    path.write_bytes(content)
    with pytest.raises(LabelsError) as caught:
        read_labels(path)
    assert caught.value.reason == "LABELS_MALFORMED"


def test_read_missing_file_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(LabelsError, match=r"nothing\.json") as caught:
        read_labels(tmp_path / "nothing.json")
    assert caught.value.reason == "LABELS_UNREADABLE"


@pytest.mark.parametrize("records", [[], [record(task="face68")], [record(instances=[])]])
def test_read_nobody_to_find_is_empty(tmp_path: Path, records: list[dict[str, Any]]) -> None:
    with pytest.raises(LabelsError, match="body_multi") as caught:
        read_labels(write(tmp_path, {"images": records}))
    assert caught.value.reason == "LABELS_EMPTY"
