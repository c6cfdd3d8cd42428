"""How long work reports what is done; the listener decides how to show it."""

from collections.abc import Callable

# Called with the stage (wait, download, import, check), what is done, and what there is to do.
Progress = Callable[[str, int, int], None]


def silent(_stage: str, _done: int, _total: int) -> None:
    """Shows nothing."""
