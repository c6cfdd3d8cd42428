"""What a stream remembers of its last frame: where its instances were."""

from dataclasses import dataclass, field

from posewire_server.frame import Region


@dataclass
class Memory:
    """Regions of the last frame's instances, and their ids.

    Attributes:
        regions: Where they were, in pixels of the frame, by their id.
    """

    regions: dict[int, Region] = field(default_factory=dict)
