"""What importers share: the table, the files they look for, the names of outputs."""

from pathlib import Path

import pytest
from posewire_server.errors import WeightsError
from posewire_server.models.weights.importers.import_network import IMPORTERS, write_program
from posewire_server.models.weights.importers.program.import_errors import (
    choose_outputs,
    find_file,
    naming,
)


def test_write_program_unknown_importer_lists_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no importer 'onnx'") as caught:
        write_program("onnx", tmp_path, tmp_path / "weights")
    assert caught.value.reason == "WEIGHTS_UNSUPPORTED"
    assert all(name in str(caught.value) for name in IMPORTERS)


@pytest.mark.parametrize(
    ("names", "text"),
    [
        pytest.param([], "got nothing", id="empty folder"),
        pytest.param(["a.pb"], "got a.pb", id="another format"),
        pytest.param(["a.tflite", "b.tflite"], "got a.tflite, b.tflite", id="two"),
    ],
)
def test_find_file_other_than_one_names_what_is_there(
    tmp_path: Path, names: list[str], text: str
) -> None:
    for name in names:
        (tmp_path / name).touch()
    with pytest.raises(WeightsError, match=text) as caught:
        find_file(tmp_path, ".tflite")
    assert caught.value.reason == "WEIGHTS_DAMAGED"


def test_choose_outputs_returns_those_wanted_in_their_order_or_the_only_end() -> None:
    assert choose_outputs(["b", "a"], ["c"], ["a", "b", "c"]) == ["b", "a"]
    assert choose_outputs([], ["c"], ["a", "b", "c"]) == ["c"]
    with pytest.raises(WeightsError, match=r"2 outputs: \['b', 'c'\]"):
        choose_outputs([], ["b", "c"], ["a", "b", "c"])
    with pytest.raises(WeightsError, match=r"no 'd'; it ends in \['b', 'c'\]"):
        choose_outputs(["d"], ["c", "b"], ["a", "b", "c"])


def test_naming_keeps_typed_errors_and_names_the_node_in_others() -> None:
    with pytest.raises(WeightsError, match="as it was"), naming("conv"):
        raise WeightsError("WEIGHTS_DAMAGED", "as it was")
    fits = pytest.raises(WeightsError, match="node 'conv' has inputs that do not fit: odd")
    with fits, naming("conv"):
        raise ValueError("odd")
