"""``models list``, ``pull``, ``import``, ``verify`` and ``remove``."""

import argparse
from functools import partial
from pathlib import Path

from posewire_server.cli.options import Options, add_common


def add_models(parser: argparse.ArgumentParser) -> None:
    """Adds the commands of ``models``."""
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, summary in (
        ("list", "all models and their state"),
        ("pull", "fetch, import and check"),
        ("verify", "prove files and engines"),
        ("remove", "remove from the cache"),
    ):
        command = commands.add_parser(name, help=summary, description=summary)
        add_common(command, partial(_models, name))
        if name != "list":
            command.add_argument("names", nargs="*", metavar="NAME", help="default: all")
        if name == "pull":
            command.add_argument("--force", action="store_true", help="even if it is there")
    summary = "take over weights that you have"
    _add_import(commands.add_parser("import", help=summary, description=summary))


def _add_import(parser: argparse.ArgumentParser) -> None:
    add_common(parser, _import)
    parser.add_argument("name", metavar="NAME", help="a model, or PaddleHub's name of a module")
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="file, folder, archive")
    reference = "compare with outputs of another runtime (.npz: input, output_0, ...)"
    parser.add_argument("--reference", type=Path, metavar="FILE", help=reference)


def _import(options: Options) -> int:
    from posewire_server.inference.engine.self_check import check_engines
    from posewire_server.models.weights.model_cache import ModelCache
    from posewire_server.tools.commands import models
    from posewire_server.tools.commands.import_model import ImportConfig

    config = ImportConfig(options.name, tuple(options.paths), options.reference)
    return models.import_weights(ModelCache(options.cache, check_engines), config)


def _models(name: str, options: Options) -> int:
    from posewire_server.inference.engine.self_check import check_engines
    from posewire_server.models.weights.model_cache import ModelCache
    from posewire_server.tools.commands import models

    cache = ModelCache(options.cache, check_engines)
    if name == "list":
        return models.list_models(cache)
    if name == "pull":
        return models.pull(cache, options.names, force=options.force)
    return {"verify": models.verify, "remove": models.remove}[name](cache, options.names)
