"""Score of tracking: CLEAR MOT (Bernardin and Stiefelhagen, 2008), IDF1 (Ristani et al., 2016).

Poses are compared by their keypoints (OKS).
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
    """Instances of one frame, labelled or found.

    Attributes:
        ids: N ids.
        points: (N, K, 2) x, y in pixels; NaN if not visible or not found.
    """

    ids: Sequence[int]
    points: Floats


@dataclass(frozen=True)
class TrackingScore:
    """Counts over all frames.

    Attributes:
        instances: Labelled instances.
        found: Found instances.
        matched: Found instances that match a labelled one.
        switches: Matches of an instance under another id than its last one.
        identified: Matches under the id that the instance has most in common with; each id belongs
            to one instance.
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
        """F1 score of the identified instances; NaN if there are none."""
        both = self.instances + self.found
        return 2 * self.identified / both if both else float("nan")


def score_tracking(frames: Iterable[tuple[Instances, Instances]], spreads: Floats) -> TrackingScore:
    """Scores the ids of a stream.

    Args:
        frames: Labelled and found instances, frame by frame.
        spreads: (K,) of the keypoints, see ``tracking.keypoint_similarity``.
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
    """Returns (N, M) OKS, 0 if it is below ``LEAST_OKS``."""
    variances = (spreads * diagonals(truth.points)[:, None]) ** 2
    similar, _ = similarity(truth.points[:, None], variances[:, None], answer.points[None])
    similar[similar < LEAST_OKS] = 0.0
    return similar


def _pairs(
    truth: Instances, answer: Instances, similar: Floats, last: dict[int, int]
) -> tuple[Indices, Indices]:
    """Returns the matches; the last match of an instance is kept while it holds."""
    kept = [
        [last.get(who) == said and value > 0 for said, value in zip(answer.ids, row, strict=True)]
        for who, row in zip(truth.ids, similar, strict=True)
    ]
    # No sum of others can be worth more than what is kept.
    return assign(similar + (len(similar) + 1) * np.array(kept, np.float64).reshape(similar.shape))


def _identified(together: Counter[tuple[int, int]]) -> int:
    """Returns the number identified if each instance has one id and each id one instance."""
    people, ids = (sorted({pair[side] for pair in together}) for side in (0, 1))
    counts = np.zeros((len(people), len(ids)))
    for (who, said), count in together.items():
        counts[people.index(who), ids.index(said)] = count
    return int(counts[assign(counts)].sum())
