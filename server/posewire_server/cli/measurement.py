"""Options of the commands that measure: accuracy with ``eval``, speed with ``bench``."""

import argparse
from pathlib import Path

from posewire_server.cli.options import Options, add_common, add_engine, read_config, read_engine


def add_eval(parser: argparse.ArgumentParser) -> None:
    """Adds the options of ``eval``."""
    add_common(parser, _eval)
    add_engine(parser)
    parser.add_argument("labels", type=Path, metavar="LABELS", help="labels file (JSON)")
    task = "body_multi, body_mpii, face68 or hand21; default: what suits the model"
    parser.add_argument("--task", metavar="NAME", help=task)
    parser.add_argument("--model", metavar="NAME", help="default: that of the task")
    parser.add_argument("--modes", nargs="+", metavar="NAME", help="default: all")
    datasets = "names or patterns; default: coco_* for body_multi, all for other tasks"
    parser.add_argument("--datasets", nargs="+", metavar="NAME", help=datasets)
    boxes = "score the model with the labelled boxes given, and without"
    parser.add_argument("--boxes", action="store_true", help=boxes)
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line")
    predictions = "write the poses found (JSON)"
    parser.add_argument("--predictions", type=Path, metavar="FILE", help=predictions)
    parser.add_argument("--plot", type=Path, metavar="PNG", help="draw the curves")


def _eval(options: Options) -> int:
    from posewire_server.tools.commands.evaluate import EvaluateConfig, run

    return run(read_config(EvaluateConfig, options, engine=read_engine(options)))


def add_bench(parser: argparse.ArgumentParser) -> None:
    """Adds the options of ``bench``."""
    add_common(parser, _bench)
    groups = "of paf, network, server, live; default: all"
    parser.add_argument("groups", nargs="*", default=[], metavar="GROUP", help=groups)
    json = "one JSON object a figure"
    parser.add_argument("--json", action="store_true", default=False, help=json)


def _bench(options: Options) -> int:
    from posewire_server.tools.commands.bench import run

    return run(options.groups, options.cache, as_json=options.json)
