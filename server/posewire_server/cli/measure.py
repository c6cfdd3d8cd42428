"""``eval`` and ``bench``."""

import argparse
from pathlib import Path

from posewire_server.cli.options import Options, add_engine, read_engine


def add_eval(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of ``eval``."""
    add_engine(parser)
    parser.add_argument("labels", type=Path, metavar="LABELS", help="labels file (JSON)")
    tasks = "body_multi, body_mpii, face68 or hand21; default: what suits the model"
    parser.add_argument("--task", default="", metavar="NAME", help=tasks)
    parser.add_argument("--model", default="", metavar="NAME", help="default: that of the task")
    parser.add_argument("--modes", nargs="+", default=[], metavar="NAME", help="default: all")
    datasets = "names or patterns; default: coco_* for body_multi, else all"
    parser.add_argument("--datasets", nargs="+", default=[], metavar="NAME", help=datasets)
    boxes = "give the model the labelled boxes; what it finds by itself is scored beside that"
    parser.add_argument("--boxes", action="store_true", help=boxes)
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line")
    parser.add_argument("--predictions", type=Path, metavar="FILE", help="keep what was found")
    parser.add_argument("--plot", type=Path, metavar="PNG", help="draw the curves")


def score(options: Options) -> int:
    """Runs ``eval``; returns the exit code."""
    from posewire_server.tools.commands import evaluate

    config = evaluate.EvaluateConfig(
        labels=options.labels,
        cache=options.cache,
        engine=read_engine(options),
        task=options.task,
        model=options.model,
        modes=tuple(options.modes),
        datasets=tuple(options.datasets),
        boxes=options.boxes,
        json=options.json,
        predictions=options.predictions,
        plot=options.plot,
    )
    return evaluate.run(config)


def add_bench(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of ``bench``."""
    known = "of paf, network, server, live; default: all"
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=known)
    parser.add_argument("--json", action="store_true", help="one JSON object a figure")
    parser.add_argument("--plot", type=Path, metavar="PNG", help="draw the figures")


def measure(options: Options) -> int:
    """Runs ``bench``; returns the exit code."""
    from posewire_server.tools.commands import bench

    config = bench.BenchConfig(
        groups=tuple(options.groups),
        cache=options.cache,
        json=options.json,
        plot=options.plot,
    )
    return bench.run(config)
