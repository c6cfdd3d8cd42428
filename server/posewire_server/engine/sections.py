"""The sections of a network, which few servers need: loaded when they are."""

import logging
import threading
from collections.abc import Callable
from typing import Protocol

import numpy as np
import numpy.typing as npt

from posewire_server.errors import EngineError

Array = npt.NDArray[np.float32]
_LOG = logging.getLogger(__name__)


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
                threading.Thread(target=self._keep, name="posewire-sections").start()
        return self._loaded

    def _keep(self) -> None:
        try:
            self._loaded = self._load()
        except EngineError as error:
            _LOG.warning("runs are not interrupted for frames of high priority: %s", error)
