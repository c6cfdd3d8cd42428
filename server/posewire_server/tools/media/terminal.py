"""Progress bars and tables on a terminal."""

from collections.abc import Collection, Sequence
from typing import Any, Self

from tqdm import tqdm


class ProgressBars:
    """A bar for each stage of pulling a model, one after the other; call it as a ``Progress``."""

    def __init__(self) -> None:
        self._stage = ""
        self._bar: tqdm[Any] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Shows the progress of a stage: in bytes for ``download``, in steps for others."""
        if self._bar is None or stage != self._stage:
            self._close()
            is_bytes = stage == "download"
            self._stage = stage
            self._bar = tqdm(
                total=total, desc=stage, unit="B" if is_bytes else "step", unit_scale=is_bytes
            )
        if done != self._bar.n:
            self._bar.update(done - self._bar.n)

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def format_table(
    header: Sequence[str], rows: Sequence[Sequence[str]], left: Collection[int] = (0,)
) -> str:
    """Returns a table with aligned columns: those of ``left`` to the left, others to the right."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    lines = []
    for line in (header, ["-" * width for width in widths], *rows):
        cells = enumerate(zip(line, widths, strict=True))
        aligned = (c.ljust(width) if n in left else c.rjust(width) for n, (c, width) in cells)
        lines.append("  ".join(aligned).rstrip())
    return "\n".join(lines)
