"""The sections of a network, which few servers need: loaded when they are."""

import logging
import threading
from collections.abc import Callable
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
_LOG = logging.getLogger(__name__)
_FAILED: Final = "runs are not interrupted for frames of high priority: %s"


class Interruptible(Protocol):
    """Runs one network in sections; called by one thread at a time, whichever that is."""

    def run(self, inputs: Array, pause: Callable[[], None] = ...) -> list[Array]:
        """Returns the outputs as ``Predictor.run``; calls ``pause`` between the sections."""


class Sections:
    """What runs a network in sections, once it is loaded. Safe to call from many threads.

    It is the network once more, with memory of its own (200 MB for the body model), so that a
    server whose streams are all of one priority goes without.

    Args:
        load: Returns it, ready for its first run; called in a thread of its own.
    """

    def __init__(self, load: Callable[[], Interruptible]) -> None:
        self._load = load
        self._lock = threading.Lock()
        self._is_asked_for = False
        self._loaded: Interruptible | None = None

    def get(self) -> Interruptible | None:
        """Returns what runs them; None while it is loaded, which the first call begins."""
        if not self._is_asked_for:
            with self._lock:
                is_first, self._is_asked_for = not self._is_asked_for, True
            if is_first:
                self._begin_to_load()
        return self._loaded

    def _begin_to_load(self) -> None:
        try:
            threading.Thread(target=self._keep, name="posewire-sections").start()
        except RuntimeError as error:  # the system has no thread left
            _LOG.warning(_FAILED, error)

    def _keep(self) -> None:
        try:
            self._loaded = self._load()
        except Exception as error:
            _LOG.warning(_FAILED, error)
