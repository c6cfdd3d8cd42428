"""The curves of an evaluation as a picture."""

from pathlib import Path

from posewire_server.errors import ConfigError, LocalReason
from posewire_server.tools.evaluation.evaluation import Evaluation
from posewire_server.tools.media.plotting import load_pyplot


def draw_curves(evaluation: Evaluation, path: Path) -> None:
    """Draws the main figure over its threshold: of every mode, and of the first by data set.

    Args:
        evaluation: What to draw.
        path: Of the PNG file.

    Raises:
        ConfigError: PLOT_UNAVAILABLE without matplotlib, OUTPUT_UNWRITABLE.
    """
    pyplot = load_pyplot()
    drawing, axes = pyplot.subplots(figsize=(8, 5), layout="constrained")
    for way, result in evaluation.results.items():
        curve = result.score.curve
        axes.plot(curve.x, curve.y, linewidth=2.5, label=str(way))
    first = next(iter(evaluation.results.values()))
    for name, score in first.datasets.items():
        axes.plot(score.curve.x, score.curve.y, linewidth=0.9, linestyle="--", label=name)
    axes.set(xlabel=first.score.curve.x_name, ylabel=first.score.curve.y_name, ylim=(0, 1))
    axes.set_xlim(first.score.curve.x[0], first.score.curve.x[-1])
    axes.set_title(f"{evaluation.model.name} on {evaluation.task.name}")
    axes.grid(alpha=0.3)
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    try:
        drawing.savefig(path, dpi=120)
    except OSError as error:
        text = f"the plot cannot be written to {path}: {error.strerror}"
        raise ConfigError(LocalReason.OUTPUT_UNWRITABLE, text) from error
    finally:
        pyplot.close(drawing)
