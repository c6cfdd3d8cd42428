"""``models list``, ``pull``, ``verify`` and ``remove``."""

import argparse
from functools import partial

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
        command = commands.add_parser(name, help=summary)
        add_common(command, partial(_models, name))
        if name != "list":
            command.add_argument("names", nargs="*", metavar="NAME", help="default: all")
        if name == "pull":
            command.add_argument("--force", action="store_true", help="even if it is there")


def _models(name: str, options: Options) -> int:
    from posewire_server.commands import models
    from posewire_server.models.library import Library

    library = Library(options.cache)
    if name == "list":
        return models.list_models(library)
    if name == "pull":
        return models.pull(library, options.names, force=options.force)
    return {"verify": models.verify, "remove": models.remove}[name](library, options.names)
