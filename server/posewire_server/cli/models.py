"""Options of ``models list``, ``pull``, ``import``, ``verify`` and ``remove``."""

import argparse
from functools import partial
from pathlib import Path

from posewire_server.cli.options import Options, add_common, read_config

_SUMMARIES = {
    "list": "all models and their state",
    "pull": "fetch, import and check",
    "import": "take over weights that you have",
    "verify": "prove files and engines",
    "remove": "remove from the cache",
}


def add_models(parser: argparse.ArgumentParser) -> None:
    """Adds the commands of ``models`` and their options."""
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, summary in _SUMMARIES.items():
        command = commands.add_parser(name, help=summary, description=summary)
        add_common(command, partial(_run, name))
        if name == "import":
            _add_import(command)
        elif name != "list":
            names = "default: all"
            command.add_argument("names", nargs="*", default=[], metavar="NAME", help=names)
        if name == "pull":
            force = "even if it is in the cache"
            command.add_argument("--force", action="store_true", default=False, help=force)


def _add_import(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="a model, or PaddleHub's name of a module")
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="file, folder, archive")
    reference = "compare with outputs of another runtime (.npz: input, output_0, ...)"
    parser.add_argument("--reference", type=Path, metavar="FILE", help=reference)


def _run(name: str, options: Options) -> int:
    from posewire_server.inference.engine.self_check import check_engines
    from posewire_server.models.weights.model_cache import ModelCache
    from posewire_server.tools.commands import import_model, models

    cache = ModelCache(options.cache, check_engines)
    match name:
        case "list":
            return models.list_models(cache)
        case "pull":
            return models.pull(cache, options.names, force=options.force)
        case "import":
            config = read_config(import_model.ImportConfig, options)
            return models.import_weights(cache, config)
        case "verify":
            return models.verify(cache, options.names)
        case _:
            return models.remove(cache, options.names)
