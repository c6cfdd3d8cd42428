"""How well instances keep their ids over the frames of a stream.

By CLEAR MOT (Bernardin and Stiefelhagen, 2008) and IDF1 (Ristani et al., 2016), with poses compared
by their keypoints (OKS).
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from posewire_server.inference.tracking.assignment import assign
from posewire_server.inference.tracking.keypoint_similarity import diagonals, similarity

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

# OKS from which a pose is of an instance.
LEAST_OKS = 0.5


@dataclass(frozen=True, eq=False)
class Instances:
    """What is in one frame, or what was found there.

    Attributes:
        ids: Who each one is, N.
        points: (N, K, 2) x, y in pixels; NaN where not visible or not found.
    """

    ids: Sequence[int]
    points: Floats


@dataclass(frozen=True)
class TrackingScore:
    """Counts over all frames.

    Attributes:
        instances: What was to be found.
        found: What was said to be there.
        matched: What was rightly found.
        switches: How often an instance was found under another id than the last time.
        identified: What was found under the id that the instance has most in common with, each id
            being of one instance.
    """

    instances: int
    found: int
    matched: int
    switches: int
    identified: int

    @property
    def mota(self) -> float:
        """1 less the share of misses, false positives and switches; NaN without instances."""
        wrong = self.instances + self.found - 2 * self.matched + self.switches
        return 1 - wrong / self.instances if self.instances else float("nan")

    @property
    def idf1(self) -> float:
        """The F1 score of what was identified; NaN where there is nothing."""
        both = self.instances + self.found
        return 2 * self.identified / both if both else float("nan")


def score_tracking(frames: Iterable[tuple[Instances, Instances]], spreads: Floats) -> TrackingScore:
    """Scores the ids of a stream.

    Args:
        frames: What is there and what was found, frame by frame.
        spreads: (K,) of the keypoints, see ``keypoint_similarity``.
    """
    last: dict[int, int] = {}
    together: Counter[tuple[int, int]] = Counter()
    instances = found = matched = switches = 0
    for truth, answer in frames:
        similar = _similar(truth, answer, spreads)
        rows, columns = _pairs(truth, answer, similar, last)
        instances, found = instances + len(truth.ids), found + len(answer.ids)
        matched += len(rows)
        for row, column in zip(rows, columns, strict=True):
            who, said = truth.ids[row], answer.ids[column]
            switches += last.get(who, said) != said
            last[who] = said
        together.update(
            (truth.ids[row], answer.ids[column]) for row, column in np.argwhere(similar > 0)
        )
    return TrackingScore(instances, found, matched, switches, _identified(together))


def _similar(truth: Instances, answer: Instances, spreads: Floats) -> Floats:
    """Returns (N, M) OKS, 0 where it is too little."""
    variances = (spreads * diagonals(truth.points)[:, None]) ** 2
    similar, _ = similarity(truth.points[:, None], variances[:, None], answer.points[None])
    similar[similar < LEAST_OKS] = 0.0
    return similar


def _pairs(
    truth: Instances, answer: Instances, similar: Floats, last: dict[int, int]
) -> tuple[Indices, Indices]:
    """Returns which pose is of which instance: as it was last wherever that is still right."""
    kept = [
        [last.get(who) == said and value > 0 for said, value in zip(answer.ids, row, strict=True)]
        for who, row in zip(truth.ids, similar, strict=True)
    ]
    # No sum of others can be worth more than what is kept.
    return assign(similar + (len(similar) + 1) * np.array(kept, np.float64).reshape(similar.shape))


def _identified(together: Counter[tuple[int, int]]) -> int:
    """Returns how much is identified when each instance gets one id and each id one instance."""
    people, ids = (sorted({pair[side] for pair in together}) for side in (0, 1))
    counts = np.zeros((len(people), len(ids)))
    for (who, said), count in together.items():
        counts[people.index(who), ids.index(said)] = count
    return int(counts[assign(counts)].sum())
