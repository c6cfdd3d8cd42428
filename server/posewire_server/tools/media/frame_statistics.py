"""Statistics of the frames of a source: counts, failures and times."""

from collections import Counter

import numpy as np

from posewire_server.skeletons import Skeleton
from posewire_server.tools.media.source import DetectedFrame
from posewire_server.tools.media.terminal import format_table

_PERCENTILES = (50, 90, 99)
_NOUNS = {"hand21": "hands", "ibug68": "faces", "facemesh468": "faces"}
_STAGES = ("wait", "decode", "infer", "post", "round trip")


def noun_of(skeleton: Skeleton) -> str:
    """Returns the plural noun of the instances of a skeleton."""
    return _NOUNS.get(skeleton.name, "persons")


class FrameStatistics:
    """Counts of frames and of poses, which are called by a plural noun, and times of frames."""

    def __init__(self, noun: str = "persons") -> None:
        self._frames = 0
        self._poses = 0
        self._noun = noun
        self._problems: Counter[str] = Counter()
        self._failures: Counter[str] = Counter()
        self._first_messages: dict[str, str] = {}
        self._times_s: list[tuple[float, ...]] = []

    def add(self, detected: DetectedFrame) -> None:
        """Counts one frame."""
        self._frames += 1
        if detected.detection is None:
            self._problems[detected.problem] += 1
            if detected.problem != "dropped":
                kind = detected.reason or detected.problem
                self._failures[kind] += 1
                self._first_messages.setdefault(kind, detected.message)
            return
        self._poses += len(detected.detection.poses)
        times = detected.detection.timings
        stages = (times.wait_s, times.decode_s, times.infer_s, times.post_s, detected.round_trip_s)
        self._times_s.append(stages)

    @property
    def has_failures(self) -> bool:
        """Whether a frame failed, or its outcome was lost."""
        return bool(self._problems["error"] or self._problems["lost"])

    def summary(self, elapsed_s: float) -> str:
        """Returns one line: frames, poses, frames per second, and counts of other outcomes."""
        answered = len(self._times_s)
        mean = self._poses / max(1, answered)
        return (
            f"{self._frames} frames, {self._poses} {self._noun} ({mean:.1f} a frame), "
            f"{answered / elapsed_s:.1f} fps, {self._problems['dropped']} dropped, "
            f"{self._problems['error']} errors, {self._problems['lost']} lost"
        )

    def failures(self) -> list[str]:
        """Returns a line for each kind of failure, the most frequent first."""
        return [
            f"{count} x {kind}: {self._first_messages[kind]}"
            for kind, count in self._failures.most_common()
        ]

    def stage_table(self) -> str:
        """Returns percentiles of the milliseconds of each stage."""
        header = ["milliseconds", *(f"p{percent}" for percent in _PERCENTILES)]
        if not self._times_s:
            return format_table(header, [[stage, *"---"] for stage in _STAGES])
        values_ms = np.percentile(np.array(self._times_s), _PERCENTILES, axis=0).T * 1e3
        rows = [
            [stage, *(f"{value:.1f}" for value in values)]
            for stage, values in zip(_STAGES, values_ms, strict=True)
        ]
        return format_table(header, rows)
