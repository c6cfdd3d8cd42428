"""Progress bars on standard error."""

from typing import Any, Self

from tqdm import tqdm


class ProgressBars:
    """One bar for each stage of pulling a model, one after the other; call it as a ``Progress``."""

    def __init__(self) -> None:
        self._stage = ""
        self._bar: tqdm[Any] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Shows how far a stage is: in bytes for ``download``, else in steps."""
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
