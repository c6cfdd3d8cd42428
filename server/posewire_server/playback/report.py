"""What the commands print about many answers: a table and a line of counts."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from posewire_server.playback.answer import Answer
from posewire_server.skeletons import Skeleton

PERCENTILES = (50, 90, 99)
_NOUNS = {"hand21": "hands", "ibug68": "faces", "facemesh468": "faces"}
STAGES = ("wait", "decode", "infer", "post", "round trip")


def noun_of(skeleton: Skeleton) -> str:
    """Returns what poses over a skeleton are poses of, in the plural."""
    return _NOUNS.get(skeleton.name, "persons")


class Tally:
    """Counts answers and keeps their times; holds no frame.

    Args:
        noun: What the poses are of, in the plural.
    """

    def __init__(self, noun: str = "persons") -> None:
        self.frames = 0
        self.poses = 0
        self._noun = noun
        self.problems: Counter[str] = Counter()
        self._times_s: list[tuple[float, ...]] = []

    def add(self, answer: Answer) -> None:
        """Counts one answer."""
        self.frames += 1
        if answer.detection is None:
            self.problems[answer.problem] += 1
            return
        self.poses += len(answer.detection.poses)
        times = answer.detection.timings
        stages = (times.wait_s, times.decode_s, times.infer_s, times.post_s, answer.round_trip_s)
        self._times_s.append(stages)

    @property
    def answered(self) -> int:
        """Frames that have poses, be it none."""
        return len(self._times_s)

    @property
    def has_failures(self) -> bool:
        """Whether a frame got an error, or its answer was lost."""
        return bool(self.problems["error"] or self.problems["lost"])

    def summary(self, elapsed_s: float) -> str:
        """Returns one line: frames, poses, frames per second, and what was not answered."""
        mean = self.poses / max(1, self.answered)
        return (
            f"{self.frames} frames, {self.poses} {self._noun} ({mean:.1f} a frame), "
            f"{self.answered / elapsed_s:.1f} fps, {self.problems['dropped']} dropped, "
            f"{self.problems['error']} errors, {self.problems['lost']} lost"
        )

    def stage_table(self) -> str:
        """Returns percentiles of the milliseconds spent in each stage by the frames answered."""
        header = ["milliseconds", *(f"p{percent}" for percent in PERCENTILES)]
        if not self._times_s:
            return format_table(header, [[stage, *"---"] for stage in STAGES])
        values_ms = np.percentile(np.array(self._times_s), PERCENTILES, axis=0).T * 1e3
        rows = [
            [stage, *(f"{value:.1f}" for value in values)]
            for stage, values in zip(STAGES, values_ms, strict=True)
        ]
        return format_table(header, rows)


def format_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Returns a table with aligned columns: the first to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    lines = [header, ["-" * width for width in widths], *rows]
    return "\n".join(_format_line(line, widths) for line in lines)


def _format_line(line: Sequence[str], widths: Sequence[int]) -> str:
    cells = [cell.rjust(width) for cell, width in zip(line, widths, strict=True)]
    return "  ".join([line[0].ljust(widths[0]), *cells[1:]]).rstrip()
