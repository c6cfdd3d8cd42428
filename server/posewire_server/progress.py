"""Progress bars on standard error."""

from types import TracebackType
from typing import Any, Self

from tqdm import tqdm


class ProgressBars:
    """One bar for each stage of pulling a model; call it as a ``Progress``."""

    def __init__(self) -> None:
        self._bars: dict[str, tqdm[Any]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for bar in self._bars.values():
            bar.close()

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Shows how far a stage is: in bytes for ``download``, else in steps."""
        bar = self._bars.get(stage)
        if bar is None:
            is_bytes = stage == "download"
            bar = tqdm(total=total, desc=stage, unit="B" if is_bytes else "", unit_scale=is_bytes)
            self._bars[stage] = bar
        if done != bar.n:
            bar.update(done - bar.n)
