"""Manifest of a network in the cache: its origin, its files, and the engines that run it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final, NamedTuple

from posewire_server.errors import LocalReason, WeightsError
from posewire_server.models.catalog.spec import NetworkSpec

FILE_NAME: Final = "manifest.json"
PROGRAM_NAME: Final = "weights.pdmodel"
PARAMETERS_NAME: Final = "weights.pdiparams"
# Times within this ratio are equal: other work on the machine while they were taken makes as much.
CLOSE: Final = 1.25


@dataclass(frozen=True)
class EngineCheck:
    """Result of the self-check of one engine.

    Attributes:
        passed: It reproduced the golden outputs; an engine that did not is never used.
        reason: Why it did not, in a sentence; empty if it passed.
        max_error: Largest absolute difference from the golden outputs.
        run_ms: Best time of one run on a picture of full size; 0 if it never ran.
    """

    engine: str
    passed: bool
    reason: str = ""
    max_error: float = 0.0
    run_ms: float = 0.0


@dataclass(frozen=True)
class Manifest:
    """Provenance and state of one network, kept as JSON beside its files.

    Attributes:
        source_sha256: Digest of what the weights were taken from.
        members: Paths of the weights' files inside it.
        importer: Name and version of the importer, as ``graphdef 1``.
        paddle_version: The Paddle that wrote the program and ran the checks.
        files: SHA-256 of each file of the network, by its name.
        checks: One for each engine, the preferred first.
    """

    network: str
    source: str
    source_sha256: str
    members: tuple[str, ...]
    licence: str
    importer: str
    paddle_version: str
    files: Mapping[str, str]
    checks: tuple[EngineCheck, ...] = ()

    @property
    def default_engine(self) -> str | None:
        """The first engine that passed and is about as fast as the fastest; None if none passed."""
        passed = [check for check in self.checks if check.passed]
        fastest_ms = min((check.run_ms for check in passed), default=0.0)
        close = (check for check in passed if check.run_ms <= CLOSE * fastest_ms)
        return next((check.engine for check in close), None)

    def check(self, engine: str) -> EngineCheck | None:
        """Returns what is known about an engine; None if it was not checked."""
        return next((check for check in self.checks if check.engine == engine), None)

    def check_files(self, folder: Path) -> None:
        """Raises WeightsError, WEIGHTS_DAMAGED, if a file is missing or altered."""
        for name, digest in self.files.items():
            try:
                found = hashlib.sha256((folder / name).read_bytes()).hexdigest()
            except OSError as error:
                raise _damaged(f"{name} is not readable: {error}") from error
            if found != digest:
                raise _damaged(f"{name} is not the file that was imported")

    def write(self, folder: Path) -> Path:
        """Writes ``manifest.json`` into a folder and returns its path."""
        path = folder / FILE_NAME
        path.write_text(json.dumps(asdict(self), indent=2) + "\n")
        return path

    @classmethod
    def describe(cls, spec: NetworkSpec, importer: str, folder: Path) -> "Manifest":
        """Returns the manifest of a network just imported into a folder, not checked yet."""
        source = spec.source
        files = {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.iterdir())
        }
        return cls(
            network=spec.name,
            source=source.label,
            source_sha256=source.sha256,
            members=source.members,
            licence=source.licence,
            importer=importer,
            paddle_version=paddle_version(),
            files=files,
        )

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """Reads ``manifest.json`` of a folder.

        Raises:
            WeightsError: WEIGHTS_DAMAGED if it is missing, not JSON, or of another form.
        """
        try:
            fields: dict[str, Any] = json.loads((folder / FILE_NAME).read_text())
            fields["members"] = tuple(fields["members"])
            fields["checks"] = tuple(EngineCheck(**check) for check in fields["checks"])
            return cls(**fields)
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise _damaged(f"{FILE_NAME} is not readable: {error}") from error


class ProgramFiles(NamedTuple):
    """Program in Paddle's older format: operations and weights."""

    program: Path
    parameters: Path


@dataclass(frozen=True)
class StoredNetwork:
    """A network in the cache, its files proved to be the ones that were imported."""

    spec: NetworkSpec
    folder: Path
    manifest: Manifest

    @property
    def version(self) -> str:
        """Changes with the weights, the importer and Paddle."""
        version = self.folder.name.removeprefix(f"{self.spec.name}-")
        # The folder's name of imported weights does not depend on them.
        digest = self.manifest.files.get(PARAMETERS_NAME, "")[:12]
        return version.replace("imported-", f"{digest}-", 1)

    @property
    def program(self) -> ProgramFiles:
        """The files of the network."""
        return ProgramFiles(self.folder / PROGRAM_NAME, self.folder / PARAMETERS_NAME)


def _damaged(what: str) -> WeightsError:
    return WeightsError(LocalReason.WEIGHTS_DAMAGED, what)


def paddle_version() -> str:
    """Returns the version of the Paddle that is installed, with or without CUDA."""
    try:
        return version("paddlepaddle")
    except PackageNotFoundError:
        return version("paddlepaddle-gpu")
