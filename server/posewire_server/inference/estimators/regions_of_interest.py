"""What a stream remembers of its last frame: where its instances were."""

from dataclasses import dataclass, field

from posewire_server.inference.preprocess.crop import Crop

# Frames between two searches of the whole picture for instances that are new.
_SEARCH_EVERY = 30
# Frames from the loss of an instance to the next such search: it may only have been hidden.
_SEARCH_AFTER_LOSS = 5


@dataclass
class RegionsOfInterest:
    """The instances of a stream's last frame, and when to search for new ones.

    Used by one frame at a time. Instances keep their id for as long as they are found in the crop
    that their keypoints of the frame before gave; ids are not used again.

    Attributes:
        crops: Where to look for each instance, by its id.
        search_in: Frames until the whole picture is searched again.
        next_id: Of the next new instance.
    """

    crops: dict[int, Crop] = field(default_factory=dict)
    search_in: int = 0
    next_id: int = 1

    def tick(self) -> bool:
        """Counts a frame; returns whether to search the picture as thoroughly as a still one."""
        self.search_in -= 1
        is_due = self.search_in <= 0
        if is_due:
            self.search_in = _SEARCH_EVERY
        return is_due

    def lose(self) -> None:
        """Notes that an instance was not found again."""
        self.search_in = min(self.search_in, _SEARCH_AFTER_LOSS)

    def new_ids(self, count: int) -> list[int]:
        """Returns ids that no instance had before."""
        first = self.next_id
        self.next_id += count
        return list(range(first, self.next_id))
