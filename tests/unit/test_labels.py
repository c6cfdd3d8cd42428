import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from posewire_server.errors import LabelsError
from posewire_server.frame import Region
from posewire_server.tools.evaluation import labels
from posewire_server.tools.evaluation.labels import LabelledPicture
from posewire_server.tools.evaluation.task import find_task


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


def read_labels(
    path: Path, task: str = "body_multi", datasets: tuple[str, ...] = ()
) -> list[LabelledPicture]:
    return labels.read_labels(path, find_task(task), datasets)


def hand(**changes: object) -> dict[str, Any]:
    instance = {"bbox": [10, 20, 30, 40], "keypoints": [[11, 21, 1]] * 21}
    return record(task="hand21", dataset="freihand", instances=[instance | changes])


def write(folder: Path, content: object) -> Path:
    path = folder / "labels.json"
    path.write_text(json.dumps(content))
    return path


def test_read_gives_pictures_beside_the_file_with_corner_coordinates(tmp_path: Path) -> None:
    (picture,) = read_labels(write(tmp_path, {"images": [record()]}))
    assert picture.path == tmp_path / "images/one.jpg"
    assert picture.size == (30, 40)
    assert picture.is_exhaustive
    (person,) = picture.instances
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
    assert picture.instances[0].area == pytest.approx(0.53 * 200)


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
    assert [person.counts for person in picture.instances] == [False, False]


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


def test_read_unknown_data_set_names_those_there_are(tmp_path: Path) -> None:
    content = {"images": [record(), record(dataset="ochuman"), hand()]}
    with pytest.raises(LabelsError, match=r"it has coco_mini, ochuman$"):
        read_labels(write(tmp_path, content), datasets=("lapa",))


def test_read_labels_made_by_a_model_are_left_out(tmp_path: Path) -> None:
    content = {"images": [record(), record(file="b", label_kind="pseudo: by a model")]}
    (picture,) = read_labels(write(tmp_path, content))
    assert picture.path.name == "one.jpg"


def test_read_only_labels_made_by_a_model_is_empty(tmp_path: Path) -> None:
    with pytest.raises(LabelsError) as caught:
        read_labels(write(tmp_path, {"images": [record(label_kind="pseudo")]}))
    assert caught.value.reason == "LABELS_EMPTY"


def test_read_without_patterns_takes_the_data_sets_of_the_task(tmp_path: Path) -> None:
    content = {"images": [record(), record(dataset="ochuman"), hand(), hand()]}
    path = write(tmp_path, content)
    assert [picture.dataset for picture in read_labels(path)] == ["coco_mini"]
    assert [picture.dataset for picture in read_labels(path, "hand21")] == ["freihand"] * 2


def test_read_sizes_are_those_the_labels_have(tmp_path: Path) -> None:
    sizes = {"bbox_max": 41.0, "inter_ocular": 7.0, "bbox_sqrt": 9.0}
    content = {"images": [hand(), hand(normalizer=sizes, head_size=12)]}
    plain, full = read_labels(write(tmp_path, content), "hand21")
    assert plain.instances[0].sizes == {"box_max": 40.0}
    expected = {"box_max": 41.0, "box_sqrt": 9.0, "inter_ocular": 7.0, "head": 12.0}
    assert full.instances[0].sizes == expected


def test_read_box_is_that_of_the_labels_from_corner_to_corner(tmp_path: Path) -> None:
    (picture,) = read_labels(write(tmp_path, {"images": [hand()]}), "hand21")
    assert picture.instances[0].box == Region(10.5, 20.5, 40.5, 60.5)


def test_read_box_of_a_person_with_a_scale_is_its_square(tmp_path: Path) -> None:
    instance = {
        "bbox": [0, 0, 9, 9],
        "keypoints": [[1, 2, 2]] * 16,
        "center": [100, 50],
        "scale": 0.25,
    }
    content = {"images": [record(task="body_mpii", instances=[instance])]}
    (picture,) = read_labels(write(tmp_path, content), "body_mpii")
    assert picture.instances[0].box == Region(75.5, 25.5, 125.5, 75.5)
    assert picture.instances[0].sizes == {"box_max": 9.0}
