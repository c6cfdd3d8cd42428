"""Regions of a stream in which an estimator looks for the instances of its last frame."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from posewire_server.inference.preprocess.crop import Crop

# Frames between two detections in the whole picture.
_SEARCH_EVERY = 30
# Frames from the loss of an instance to the next one: the instance may only have been hidden.
_SEARCH_AFTER_LOSS = 5


@dataclass
class RegionsOfInterest:
    """Crops of P instances of a stream's last frame; used by one frame at a time.

    Attributes:
        ids: (P,) the tracker's id of each instance; 0: not tracked yet. It is a hint: a fast
            instance is still in its crop when it no longer resembles its track.
        search_in: Frames until the next detection in the whole picture.
    """

    crops: tuple[Crop, ...] = ()
    ids: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    search_in: int = 0

    def tick(self) -> bool:
        """Counts a frame; returns whether to search the picture as thoroughly as a still one."""
        self.search_in -= 1
        is_due = self.search_in <= 0
        if is_due:
            self.search_in = _SEARCH_EVERY
        return is_due

    def lose(self) -> None:
        """Brings the next search forward, because an instance was lost."""
        self.search_in = min(self.search_in, _SEARCH_AFTER_LOSS)

    def renew(self, crops: tuple[Crop, ...]) -> None:
        """Sets the crops for the next frame, of instances that are not tracked yet."""
        self.crops, self.ids = crops, np.zeros(len(crops), np.int64)
