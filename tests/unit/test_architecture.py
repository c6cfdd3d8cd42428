"""What the tree promises: who may import what, in which direction, and how large things may be."""

import ast
import functools
import graphlib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SERVER = ROOT / "server" / "posewire_server"
CLIENT = ROOT / "clients" / "python" / "posewire"
MODULES = {
    ".".join(path.relative_to(SERVER).with_suffix("").parts): path
    for path in sorted(SERVER.rglob("*.py"))
    if path.name != "__init__.py"
}
# The way of imports: a module imports from its own line and the lines below it. The tools between
# the commands and the pipeline (sources, reports, drawings, ...) are on the line of rpc.
LINES = (
    ("__main__", "cli"),
    ("commands", "bench"),
    ("rpc", "workers", "playback"),
    ("streams",),
    ("pipeline", "history"),
    ("systems", "tracking"),
    ("decode", "engine", "images", "models", "video"),
    ("passage", "line", "metrics", "cadence"),
    ("config", "outcome"),
    ("cores", "facemesh", "frame", "pose", "skeletons", "errors"),
)
RANKS = {name: rank for rank, names in enumerate(LINES) for name in names}
OWNERS = {
    "grpc": ("rpc", "bench.plain", "bench.soak"),
    "grpc_health": ("rpc",),
    "grpc_reflection": ("rpc",),
    "grpc_status": ("rpc",),
    "posewire.v1": ("rpc", "bench.plain", "bench.soak"),
    "paddle": ("engine.program", "models.importers"),
    "posewire_server._native": ("decode", "images", "engine.program"),
    "prometheus_client": ("metrics",),
    "argparse": ("cli", "config"),
    "av": ("video", "playback.packet_source", "bench.video"),
}
MOST_LINES = 300
MOST_FUNCTION_LINES = 50
VAGUE_NAMES = {"utils", "util", "common", "helpers", "helper", "base", "manager", "misc"}


@functools.cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse(path.read_text())))


def imports(path: Path) -> Iterator[str]:
    """Yields the full name of all that a file imports, wherever in it the import is."""
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path} has a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_in(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def own_imports(module: str) -> set[str]:
    """Returns the modules of the server that a module imports."""
    found = set()
    for name in imports(MODULES[module]):
        short = name.removeprefix("posewire_server.")
        if short != name:
            found |= {other for other in (short, short.rpartition(".")[0]) if other in MODULES}
    return found


def rank(module: str) -> int:
    return RANKS.get(module.partition(".")[0], RANKS["rpc"])


def sources() -> list[Path]:
    python = [*SERVER.rglob("*.py"), *CLIENT.glob("*.py")]
    return python + [p for p in (ROOT / "native").rglob("*") if p.suffix in {".cpp", ".h"}]


@pytest.mark.parametrize("package", OWNERS)
def test_architecture_package_is_imported_by_its_owners_only(package: str) -> None:
    importers = {
        module for module, path in MODULES.items() if any(is_in(n, package) for n in imports(path))
    }
    assert importers, f"nothing imports {package}; is the test out of date?"
    assert {m for m in importers if not any(is_in(m, o) for o in OWNERS[package])} == set()


def test_architecture_environment_is_read_by_config_only() -> None:
    readers = {
        module
        for module, path in MODULES.items()
        for node in nodes(path)
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv", "environb"}
    }
    assert readers <= {"config", "cli"}


@pytest.mark.parametrize("module", MODULES)
def test_architecture_imports_go_one_way(module: str) -> None:
    wrong = {other for other in own_imports(module) if rank(other) < rank(module)}
    assert wrong == set()


def test_architecture_has_no_import_cycle() -> None:
    graph = {module: own_imports(module) - {module} for module in MODULES}
    list(graphlib.TopologicalSorter(graph).static_order())


def test_architecture_client_knows_no_server_and_no_heavy_package() -> None:
    heavy = ("posewire_server", "paddle", "cv2", "av", "argparse")
    names = {name for path in CLIENT.glob("*.py") for name in imports(path)}
    assert [name for name in names if any(is_in(name, package) for package in heavy)] == []


def test_architecture_files_are_small_and_named_for_what_they_hold() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in sources()
    }
    assert {path: length for path, length in lengths.items() if length > MOST_LINES} == {}
    assert [path for path in lengths if Path(path).stem in VAGUE_NAMES] == []


def test_architecture_functions_are_small() -> None:
    long = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in sources()
        if path.suffix == ".py"
        for node in nodes(path)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= MOST_FUNCTION_LINES
    ]
    assert long == []
