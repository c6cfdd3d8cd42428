"""The contract as files: complete in themselves, and guarded against breaks."""

import shutil
import subprocess
import sys
from pathlib import Path

import google.rpc
import pytest

ROOT = Path(__file__).resolve().parents[2]
PROTO = ROOT / "proto"
needs_buf = pytest.mark.skipif(shutil.which("buf") is None, reason="buf is not installed")


def test_contract_compiles_with_its_own_folder_alone(tmp_path: Path) -> None:
    grpc_tools = pytest.importorskip("grpc_tools")
    well_known = Path(grpc_tools.__file__).parent / "_proto"
    sources = sorted(map(str, PROTO.rglob("*.proto")))
    command = [sys.executable, "-m", "grpc_tools.protoc", f"-I{PROTO}", f"-I{well_known}"]
    subprocess.run([*command, "-o", str(tmp_path / "image.binpb"), *sources], check=True)


def test_contract_holds_google_rpc_with_its_licence() -> None:
    for path in (PROTO / "google" / "rpc").iterdir():
        assert "Licensed under the Apache License, Version 2.0" in path.read_text()


def test_generated_modules_leave_google_rpc_to_its_own_package() -> None:
    client = ROOT / "clients" / "python"
    assert not (client / "google").exists()
    assert not any(Path(folder).is_relative_to(client) for folder in google.rpc.__path__)


class Repository:
    """A clone with the contract, its linter and a history."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.git("init", "--quiet", "--initial-branch", "main")
        shutil.copytree(PROTO, folder / "proto")
        (folder / ".ci").mkdir()
        shutil.copy(ROOT / ".ci" / "lint_proto", folder / ".ci")

    def git(self, *arguments: str) -> None:
        identity = ("-c", "user.name=a", "-c", "user.email=a@localhost", "-c", "gc.auto=0")
        subprocess.run(["git", *identity, *arguments], cwd=self.folder, check=True)

    def commit(self, subject: str) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", subject)

    def break_contract(self) -> None:
        """Gives a field another number."""
        path = self.folder / "proto" / "posewire" / "v1" / "pose.proto"
        path.write_text(path.read_text().replace("float y_max = 4;", "float y_max = 5;"))

    def lint(self) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [".ci/lint_proto"], cwd=self.folder, capture_output=True, text=True, check=False
        )


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


@needs_buf
def test_lint_passes_without_a_history(repository: Repository) -> None:
    found = repository.lint()
    assert (found.returncode, "not compared" in found.stdout) == (0, True), found.stderr
    repository.commit("feat: first")
    found = repository.lint()
    assert (found.returncode, "not compared" in found.stdout) == (0, True), found.stderr


@needs_buf
def test_lint_finds_a_break_on_main_and_on_a_branch(repository: Repository) -> None:
    repository.commit("feat: first")
    repository.git("switch", "--quiet", "--create", "branch")
    repository.break_contract()
    repository.commit("feat: second")
    repository.commit("feat: third")
    assert repository.lint().returncode == 1
    repository.git("branch", "--force", "main", "HEAD")
    assert repository.lint().returncode == 0  # the commit before has the same contract
    repository.git("branch", "--force", "main", "HEAD^")
    repository.git("switch", "--quiet", "main")
    assert repository.lint().returncode == 1


@needs_buf
def test_lint_lets_an_announced_break_pass_until_there_is_a_release(
    repository: Repository,
) -> None:
    repository.commit("feat: first")
    repository.break_contract()
    repository.commit("feat(proto)!: second")
    found = repository.lint()
    assert (found.returncode, "announced" in found.stdout) == (0, True), found.stderr
    repository.git("tag", "v1.0.0", "HEAD^")
    assert repository.lint().returncode == 1
