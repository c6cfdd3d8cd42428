"""Linear assignment (the Hungarian problem) of few rows to few columns.

Shortest augmenting paths with potentials (Jonker and Volgenant, 1987), over the contested rows and
columns only: there are seldom any.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]


def assign(gains: Floats) -> tuple[Indices, Indices]:
    """Returns the rows and the columns of the pairs of greatest total gain.

    Each is in one pair at most; pairs whose gain is not positive are never chosen.
    """
    can = gains > 0
    alone = can & (can.sum(1, keepdims=True) == 1) & (can.sum(0) == 1)
    rows, columns = np.nonzero(alone)
    can[rows] = False
    contested_rows, contested_columns = np.flatnonzero(can.any(1)), np.flatnonzero(can.any(0))
    if not len(contested_rows):
        return rows, columns
    some = np.maximum(gains[np.ix_(contested_rows, contested_columns)], 0.0)
    is_wide = some.shape[0] <= some.shape[1]
    chosen = _augment(-some if is_wide else -some.T)
    pairs = (np.arange(len(chosen)), chosen) if is_wide else (chosen, np.arange(len(chosen)))
    gaining = some[pairs] > 0
    return (
        np.concatenate([rows, contested_rows[pairs[0][gaining]]]),
        np.concatenate([columns, contested_columns[pairs[1][gaining]]]),
    )


def _augment(costs: Floats) -> Indices:
    """Returns the column of each row at the least total cost; there are at least as many columns.

    The last entry of the arrays is no column: it holds the row that is being assigned.
    """
    count, width = costs.shape
    row_potentials, column_potentials = np.zeros(count), np.zeros(width + 1)
    mates = np.full(width + 1, -1, np.intp)
    for row in range(count):
        mates[width] = row
        column, through = width, np.full(width, width, np.intp)
        distances, done = np.full(width, np.inf), np.zeros(width + 1, bool)
        while mates[column] >= 0:
            done[column] = True
            mate, is_open = mates[column], ~done[:width]
            reached = costs[mate] - row_potentials[mate] - column_potentials[:width]
            nearer = is_open & (reached < distances)
            distances[nearer], through[nearer] = reached[nearer], column
            following = int(np.where(is_open, distances, np.inf).argmin())
            step = distances[following]
            row_potentials[mates[done]] += step
            column_potentials[done] -= step
            distances[is_open] -= step
            column = following
        while column != width:
            before = through[column]
            mates[column], column = mates[before], before
    columns = np.empty(count, np.intp)
    taken = np.flatnonzero(mates[:width] >= 0)
    columns[mates[taken]] = taken
    return columns
