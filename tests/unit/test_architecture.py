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
WORDS = (
    "config",
    "errors",
    "frame",
    "isolated",
    "outcome",
    "pose",
    "runtime",
    "skeletons",
)
# The packages in the order of their layers: a module imports from its own package and from those
# after it. A file right in the package is its own entry.
PACKAGES = (
    "__main__",
    "cli",
    "tools.commands",
    "tools.benchmarks",
    "tools.evaluation",
    "tools.media",
    "tools",
    "serving",
    "serving.front",
    "serving.rpc",
    "serving.streams",
    "inference",
    "inference.estimators.originals",
    "inference.estimators",
    "inference.tracking",
    "inference.decode",
    "inference.engine",
    "inference.scheduling",
    "inference.preprocess",
    "inference.sources.video",
    "inference.sources",
    "models.weights",
    "models.weights.importers",
    "models.weights.importers.tflite",
    "models.weights.importers.originals",
    "models.weights.importers.graphdef",
    "models.weights.importers.program",
    "models.catalog",
    "metrics",
    *WORDS,
)
OWNERS = {
    "grpc": ("serving.rpc", "serving.front"),
    "grpc_health": ("serving.rpc",),
    "grpc_reflection": ("serving.rpc",),
    "grpc_status": ("serving.rpc",),
    "posewire.v1": ("serving.rpc", "serving.front"),
    "paddle": ("inference.engine", "models.weights.importers"),
    "posewire_server._native": (
        "inference.decode",
        "inference.sources",
        "inference.preprocess",
        "inference.engine",
    ),
    "prometheus_client": ("metrics",),
    "matplotlib": ("tools.evaluation.report",),
    "pycocotools": ("tools.evaluation.oks",),
    "argparse": ("cli", "config"),
    "av": ("inference.sources.video", "tools.media"),
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


def package_of(module: str) -> str:
    """Returns the package that a module is in; a file right in the server's package is its own."""
    return module.rpartition(".")[0] or module


def arrows() -> set[tuple[str, str]]:
    """Returns which package imports which other one."""
    return {
        (package_of(module), package_of(other))
        for module in MODULES
        for other in own_imports(module)
        if package_of(module) != package_of(other)
    }


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


def test_architecture_every_package_has_its_place() -> None:
    assert {package_of(module) for module in MODULES} == set(PACKAGES)


def test_architecture_packages_import_one_way() -> None:
    ranks = {package: rank for rank, package in enumerate(PACKAGES)}
    ranks |= dict.fromkeys(WORDS, len(PACKAGES))  # among themselves, cycles of modules are refused
    assert {(a, b) for a, b in arrows() if ranks[b] < ranks[a]} == set()


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
