"""A process that ends when the one that started it has gone, however that one ended."""

import os
import threading

_STDIN = 0
_ORPHANED = 1


def end_with_stdin() -> None:
    """Ends this process at once when its standard input does.

    The other end of that pipe is open in no process but the one that started this one, and the
    system closes it there even after SIGKILL.
    """
    threading.Thread(target=_wait_for_end, name="posewire-lifeline", daemon=True).start()


def _wait_for_end() -> None:
    while os.read(_STDIN, 1024):
        pass
    os._exit(_ORPHANED)
