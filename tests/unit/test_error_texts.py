"""Texts of errors have one style: lower case, no full stop, the remedy after a semicolon."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(
    path
    for folder in ("server/posewire_server", "clients/python/posewire")
    for path in (ROOT / folder).rglob("*.py")
    if not path.name.endswith(("_pb2.py", "_pb2_grpc.py"))
)


def called(node: ast.AST) -> str:
    """Returns the name of what a call calls."""
    if not isinstance(node, ast.Call):
        return ""
    return getattr(node.func, "id", getattr(node.func, "attr", ""))


def ends(node: ast.AST) -> tuple[str, str]:
    """Returns the begin and the end of a literal text, empty if it is something else there."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value, node.value
    if isinstance(node, ast.JoinedStr) and node.values:
        return ends(node.values[0])[0], ends(node.values[-1])[1]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return ends(node.left)[0], ends(node.right)[1]
    return "", ""


def texts(tree: ast.AST) -> Iterator[tuple[int, str, str]]:
    """Yields line, begin and end of the text of each error that is made, but of the system's own.

    The text is an argument itself, or a name that the same function assigns.
    """
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        nodes = list(ast.walk(function))
        named = [
            (node.targets[0].id, node.value)
            for node in nodes
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        ]
        for node in nodes:
            if (
                called(node).endswith("Error")
                and called(node) != "OSError"
                and isinstance(node, ast.Call)
            ):
                for argument in node.args[:2]:
                    names = {part.id for part in ast.walk(argument) if isinstance(part, ast.Name)}
                    given = [value for name, value in named if name in names]
                    for text in (argument, *given):
                        yield (node.lineno, *ends(text))


def begins_like_a_sentence(text: str) -> bool:
    """Whether a text begins with a capital that is no part of a name or an abbreviation."""
    word = text.split(maxsplit=1)[0] if text.split() else ""
    return word.isalpha() and word[0].isupper() and word[1:].islower() and word not in NAMES


NAMES = {"FFmpeg", "OpenVINO", "Paddle", "PaddleHub", "Prometheus", "Python"}


def faults(source: str) -> list[tuple[int, str]]:
    return [
        (line, begin or end)
        for line, begin, end in texts(ast.parse(source))
        if begins_like_a_sentence(begin) or end.rstrip().endswith((".", "!"))
    ]


def test_error_texts_are_lower_case_without_a_full_stop() -> None:
    assert len(FILES) > 100
    found = {str(path.relative_to(ROOT)): faults(path.read_text()) for path in FILES}
    assert {path: lines for path, lines in found.items() if lines} == {}


def test_keypoint_is_one_word() -> None:
    pattern = re.compile(r"key[ -]points?\b", re.IGNORECASE)
    paths = [*FILES, *(ROOT / "proto" / "posewire").rglob("*.proto")]
    assert [path for path in paths if pattern.search(path.read_text())] == []


@pytest.mark.parametrize(
    "line",
    [
        'raise ValueError("The width is 0; give a positive one")',
        'raise SourceError(Reason.X, f"the width is {width}.")',
        'text = f"Width {width} is too large"; raise SourceError(Reason.X, text)',
        'text = "too large"; raise SourceError(Reason.X, text + " now.")',
    ],
)
def test_error_texts_of_another_style_are_found(line: str) -> None:
    assert faults(f"def f(width):\n    {line}\n")


@pytest.mark.parametrize(
    "text", ["JPEG files have no alpha; send a PNG", "Python 3.11 is too old", "{name} is empty"]
)
def test_error_texts_may_begin_with_names(text: str) -> None:
    assert not faults(f"def f(name):\n    raise ValueError(f{text!r})\n")
